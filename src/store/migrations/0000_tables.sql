CREATE TABLE "approvals" (
	"approval_id" text PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"project" text NOT NULL,
	"root_run_id" text NOT NULL,
	"run_id" text NOT NULL,
	"agent" text NOT NULL,
	"requester" text NOT NULL,
	"tool" text NOT NULL,
	"risk" text NOT NULL,
	"digest" text NOT NULL,
	"revision" integer NOT NULL,
	"status" text NOT NULL,
	"requested_at" bigint NOT NULL,
	"decide_by" bigint NOT NULL,
	"execute_by" bigint,
	"decided_at" bigint,
	"request" text NOT NULL,
	"decision" text
);
--> statement-breakpoint
CREATE TABLE "agents" (
	"tenant" text NOT NULL,
	"project" text NOT NULL,
	"name" text NOT NULL,
	"digest" text NOT NULL,
	CONSTRAINT "agents_tenant_project_name_pk" PRIMARY KEY("tenant","project","name")
);
--> statement-breakpoint
CREATE TABLE "blobs" (
	"tenant" text NOT NULL,
	"sha256" "bytea" NOT NULL,
	"body" "bytea" NOT NULL,
	CONSTRAINT "blobs_tenant_sha256_pk" PRIMARY KEY("tenant","sha256")
);
--> statement-breakpoint
CREATE TABLE "definitions" (
	"tenant" text NOT NULL,
	"project" text NOT NULL,
	"digest" text NOT NULL,
	"body" "bytea" NOT NULL,
	CONSTRAINT "definitions_tenant_project_digest_pk" PRIMARY KEY("tenant","project","digest")
);
--> statement-breakpoint
CREATE TABLE "credentials" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"projects" text[] NOT NULL,
	"principal" text NOT NULL,
	"kind" text NOT NULL,
	"roles" text[] NOT NULL,
	"groups" text[] NOT NULL,
	"secret_hash" text NOT NULL,
	"created_by" text,
	"created_at" bigint NOT NULL,
	"expires_at" bigint,
	"revoked_at" bigint,
	"last_used_at" bigint
);
--> statement-breakpoint
CREATE TABLE "effects" (
	"tenant" text NOT NULL,
	"effect_key" text NOT NULL,
	"run_id" text NOT NULL,
	"digest" text NOT NULL,
	"effect" text NOT NULL,
	"epoch" integer NOT NULL,
	"nonce" text NOT NULL,
	"reserved_at" bigint NOT NULL,
	"settled_at" bigint,
	"outcome" text,
	"content_sha256" "bytea",
	"content_bytes" integer,
	"failure_code" text,
	CONSTRAINT "effects_tenant_effect_key_pk" PRIMARY KEY("tenant","effect_key")
);
--> statement-breakpoint
CREATE TABLE "message_deltas" (
	"run_id" text NOT NULL,
	"turn" integer NOT NULL,
	"attempt" integer NOT NULL,
	"offset_chars" integer NOT NULL,
	"at" bigint NOT NULL,
	"text" text NOT NULL,
	CONSTRAINT "message_deltas_run_id_turn_attempt_offset_chars_pk" PRIMARY KEY("run_id","turn","attempt","offset_chars")
);
--> statement-breakpoint
CREATE TABLE "run_events" (
	"root_run_id" text NOT NULL,
	"seq" bigint NOT NULL,
	"at" bigint NOT NULL,
	"ordinal" integer NOT NULL,
	"turn" integer,
	"run_id" text NOT NULL,
	"origin" text NOT NULL,
	"type" text NOT NULL,
	"prev_hash" "bytea" NOT NULL,
	"hash" "bytea" NOT NULL,
	"body" "bytea" NOT NULL,
	CONSTRAINT "run_events_root_run_id_seq_pk" PRIMARY KEY("root_run_id","seq")
);
--> statement-breakpoint
CREATE TABLE "runs" (
	"run_id" text PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"project" text NOT NULL,
	"root_run_id" text NOT NULL,
	"agent" text NOT NULL,
	"agent_digest" text NOT NULL,
	"policy_digest" text NOT NULL,
	"requester" text NOT NULL,
	"requester_groups" text[] NOT NULL,
	"input_sha256" "bytea" NOT NULL,
	"input_bytes" integer NOT NULL,
	"conversation_id" text,
	"labels" jsonb NOT NULL,
	"status" text NOT NULL,
	"idempotency_key" text,
	"request_digest" text NOT NULL,
	"start_bytes" text NOT NULL,
	"start_jws" text NOT NULL,
	"started_in_temporal" boolean NOT NULL,
	"cancel_bytes" text,
	"cancel_jws" text,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	"ended_at" bigint,
	"output_sha256" "bytea",
	"output_bytes" integer,
	"failure_code" text,
	"failure_detail" text
);
--> statement-breakpoint
CREATE TABLE "streams" (
	"root_run_id" text PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"project" text NOT NULL,
	"seq" bigint NOT NULL,
	"head_hash" "bytea" NOT NULL,
	"touched_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE INDEX "approvals_run" ON "approvals" USING btree ("root_run_id");--> statement-breakpoint
CREATE INDEX "approvals_pending_by_deadline" ON "approvals" USING btree ("tenant","project","decide_by","approval_id") WHERE "approvals"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "approvals_pending_by_age" ON "approvals" USING btree ("tenant","project","requested_at","approval_id") WHERE "approvals"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "approvals_by_deadline" ON "approvals" USING btree ("tenant","project","decide_by","approval_id");--> statement-breakpoint
CREATE INDEX "approvals_by_age" ON "approvals" USING btree ("tenant","project","requested_at","approval_id");--> statement-breakpoint
CREATE UNIQUE INDEX "run_events_origin" ON "run_events" USING btree ("run_id","origin","ordinal");--> statement-breakpoint
CREATE INDEX "run_events_transcript" ON "run_events" USING btree ("run_id","seq") WHERE "run_events"."type" in ('run.started', 'message.completed', 'tool.completed', 'tool.failed', 'tool.denied', 'contract.unmet');--> statement-breakpoint
CREATE UNIQUE INDEX "runs_idempotency_key" ON "runs" USING btree ("tenant","project","requester","idempotency_key") WHERE "runs"."idempotency_key" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "runs_active_conversation" ON "runs" USING btree ("tenant","project","conversation_id") WHERE "runs"."conversation_id" is not null and "runs"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "runs_newest" ON "runs" USING btree ("tenant","project","created_at","run_id");--> statement-breakpoint
CREATE INDEX "runs_newest_by_status" ON "runs" USING btree ("tenant","project","status","created_at","run_id");--> statement-breakpoint
CREATE INDEX "runs_unfinished" ON "runs" USING btree ("run_id") WHERE "runs"."ended_at" is null;