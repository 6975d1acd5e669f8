-- What a clinic speaks: 'clinic' our operations, 'server' plain FHIR R4.
ALTER TABLE "clinic" ADD COLUMN "wire" TEXT NOT NULL DEFAULT 'clinic';
