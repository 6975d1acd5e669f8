-- The time that the person named, where the clinic booked another place in its stead that they had said would do.
ALTER TABLE "booking" ADD COLUMN "asked" INTEGER;
