-- The numbers of rows and resources lie packed: the first list read 0.9 MB of them, and so decrypted 220
-- pages. What was written before stays as it is until the rows are numbered anew.

-- How many are packed in "data": of all their first fields, then of all their second ones, and so on, the
-- difference from the one before, compressed (zstd). Unset: one after the other, as they are.
ALTER TABLE "directory" ADD COLUMN "count" INTEGER;
ALTER TABLE "columns" ADD COLUMN "count" INTEGER;
