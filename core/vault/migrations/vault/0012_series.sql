-- Which visit of a series a booking is: the first booking of the series, and its own number from 1.
ALTER TABLE "booking" ADD COLUMN "originating" TEXT;
ALTER TABLE "booking" ADD COLUMN "occurrence" INTEGER;
