CREATE TABLE "audit_events" (
	"tenant" text NOT NULL,
	"seq" bigint NOT NULL,
	"at" bigint NOT NULL,
	"type" text NOT NULL,
	"prev_hash" "bytea" NOT NULL,
	"hash" "bytea" NOT NULL,
	"body" "bytea" NOT NULL,
	CONSTRAINT "audit_events_tenant_seq_pk" PRIMARY KEY("tenant","seq")
);
--> statement-breakpoint
CREATE TABLE "audit_heads" (
	"tenant" text PRIMARY KEY NOT NULL,
	"seq" bigint NOT NULL,
	"head_hash" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "brake_bypasses" (
	"tenant" text NOT NULL,
	"bypass_id" text NOT NULL,
	"brake_id" text NOT NULL,
	"project" text,
	"agent" text,
	"tool" text,
	"run_id" text,
	"until" bigint NOT NULL,
	"reason" text NOT NULL,
	"created_by" text NOT NULL,
	"created_at" bigint NOT NULL,
	"ended_at" bigint,
	"ended_by" text,
	CONSTRAINT "brake_bypasses_tenant_bypass_id_pk" PRIMARY KEY("tenant","bypass_id")
);
--> statement-breakpoint
CREATE TABLE "brakes" (
	"tenant" text NOT NULL,
	"brake_id" text NOT NULL,
	"project" text,
	"agent" text,
	"tool" text,
	"reason" text NOT NULL,
	"created_by" text NOT NULL,
	"created_at" bigint NOT NULL,
	"released_at" bigint,
	"released_by" text,
	CONSTRAINT "brakes_tenant_brake_id_pk" PRIMARY KEY("tenant","brake_id")
);
--> statement-breakpoint
CREATE TABLE "claims" (
	"tenant" text NOT NULL,
	"project" text NOT NULL,
	"approval_id" text NOT NULL,
	"run_id" text NOT NULL,
	"principal" text NOT NULL,
	"until" bigint NOT NULL,
	"claimed_at" bigint NOT NULL,
	CONSTRAINT "claims_tenant_project_approval_id_pk" PRIMARY KEY("tenant","project","approval_id")
);
--> statement-breakpoint
CREATE TABLE "commands" (
	"tenant" text NOT NULL,
	"signature_id" text NOT NULL,
	"project" text NOT NULL,
	"run_id" text,
	"type" text NOT NULL,
	"principal" text NOT NULL,
	"iat" bigint NOT NULL,
	"contributes" boolean NOT NULL,
	"digest" text NOT NULL,
	"bytes" text NOT NULL,
	"jws" text NOT NULL,
	CONSTRAINT "commands_tenant_signature_id_pk" PRIMARY KEY("tenant","signature_id")
);
--> statement-breakpoint
CREATE TABLE "delegations" (
	"tenant" text NOT NULL,
	"project" text NOT NULL,
	"delegation_id" text NOT NULL,
	"from_principal" text NOT NULL,
	"to_principal" text NOT NULL,
	"groups" text[],
	"until" bigint NOT NULL,
	"created_by" text NOT NULL,
	"created_at" bigint NOT NULL,
	"ended_at" bigint,
	"ended_by" text,
	CONSTRAINT "delegations_tenant_project_delegation_id_pk" PRIMARY KEY("tenant","project","delegation_id")
);
--> statement-breakpoint
CREATE TABLE "grants" (
	"tenant" text NOT NULL,
	"project" text NOT NULL,
	"grant_id" text NOT NULL,
	"state" text NOT NULL,
	"scope" text NOT NULL,
	"scope_id" text,
	"agent" text NOT NULL,
	"agent_digest" text NOT NULL,
	"policy_digest" text NOT NULL,
	"requester" text NOT NULL,
	"tool" text NOT NULL,
	"definition_digest" text NOT NULL,
	"constraints_sha256" "bytea" NOT NULL,
	"constraints_bytes" integer NOT NULL,
	"expires_at" bigint NOT NULL,
	"max_uses" integer NOT NULL,
	"uses" integer NOT NULL,
	"created_by" text NOT NULL,
	"created_at" bigint NOT NULL,
	"decision_id" text,
	"run_id" text,
	"revoked_at" bigint,
	"revoked_by" text,
	"bytes" text NOT NULL,
	"jws" text NOT NULL,
	CONSTRAINT "grants_tenant_project_grant_id_pk" PRIMARY KEY("tenant","project","grant_id")
);
--> statement-breakpoint
CREATE TABLE "policy_layers" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "policy_layers_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"tenant" text NOT NULL,
	"project" text NOT NULL,
	"name" text NOT NULL,
	"slot" text NOT NULL,
	"digest" text NOT NULL,
	"body" text NOT NULL,
	"put_by" text NOT NULL,
	"put_at" bigint NOT NULL
);
--> statement-breakpoint
DROP INDEX "run_events_transcript";--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "votes" text;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "edited" text;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "superseded_by" text;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "escalated" integer;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "reminded" integer;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "warned" boolean;--> statement-breakpoint
ALTER TABLE "effects" ADD COLUMN "unknown_at" bigint;--> statement-breakpoint
ALTER TABLE "effects" ADD COLUMN "resolved_by" text;--> statement-breakpoint
ALTER TABLE "effects" ADD COLUMN "grant_id" text;--> statement-breakpoint
ALTER TABLE "effects" ADD COLUMN "grant_use" integer;--> statement-breakpoint
CREATE INDEX "brake_bypasses_of_brake" ON "brake_bypasses" USING btree ("tenant","brake_id");--> statement-breakpoint
CREATE INDEX "brakes_on" ON "brakes" USING btree ("tenant") WHERE "brakes"."released_at" is null;--> statement-breakpoint
CREATE INDEX "claims_of_run" ON "claims" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "commands_of_run" ON "commands" USING btree ("run_id","iat","signature_id") WHERE "commands"."run_id" is not null;--> statement-breakpoint
CREATE INDEX "delegations_to" ON "delegations" USING btree ("tenant","project","to_principal");--> statement-breakpoint
CREATE INDEX "delegations_newest" ON "delegations" USING btree ("tenant","project","created_at","delegation_id");--> statement-breakpoint
CREATE INDEX "grants_newest" ON "grants" USING btree ("tenant","project","created_at","grant_id");--> statement-breakpoint
CREATE INDEX "grants_live" ON "grants" USING btree ("tenant","project","requester","agent_digest") WHERE "grants"."state" = 'live';--> statement-breakpoint
CREATE INDEX "policy_layers_of_slot" ON "policy_layers" USING btree ("tenant","project","name","slot","id");--> statement-breakpoint
CREATE INDEX "streams_touched" ON "streams" USING brin ("touched_at");--> statement-breakpoint
CREATE INDEX "run_events_transcript" ON "run_events" USING btree ("run_id","seq") WHERE "run_events"."type" in ('run.started', 'run.unblocked', 'message.completed', 'approval.decided', 'approval.superseded', 'tool.completed', 'tool.failed', 'tool.denied', 'contract.unmet');