-- The fencing token of batches that are placed by one statement without a look before it. Such a statement can still
-- arrive when its sender has given it up; it writes only where this number is the one that its sender knew, and whoever
-- decides its orders anew raises the number first.
ALTER TABLE sales ADD COLUMN fence bigint NOT NULL DEFAULT 0;
