-- How far the sync with a clinic is, for whoever asks.
-- Resources that came before the end of the feed was first reached, and how many the clinic said there are.
ALTER TABLE "clinic" ADD COLUMN "arrived" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "clinic" ADD COLUMN "expected" INTEGER;
-- The last time, by the phone's clock, that everything was in step, and that it was tried.
ALTER TABLE "clinic" ADD COLUMN "reached" INTEGER;
ALTER TABLE "clinic" ADD COLUMN "tried" INTEGER;
-- Why the last try failed: a code; unset when it did not.
ALTER TABLE "clinic" ADD COLUMN "trouble" TEXT;
