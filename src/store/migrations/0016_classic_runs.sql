ALTER TABLE "runs" ADD COLUMN "driven_by" text;--> statement-breakpoint
CREATE INDEX "runs_driven" ON "runs" USING btree ("driven_by","run_id") WHERE "runs"."driven_by" is not null and "runs"."ended_at" is null;
