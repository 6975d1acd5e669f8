-- Until when a booking can be changed by the person, as the clinic said it.
ALTER TABLE "booking" ADD COLUMN "changeable_until" INTEGER;
