DROP INDEX "run_events_transcript";--> statement-breakpoint
CREATE INDEX "run_events_transcript" ON "run_events" USING btree ("run_id","seq") WHERE "run_events"."type" in ('run.started', 'run.unblocked', 'message.received', 'message.completed', 'approval.decided', 'approval.superseded', 'tool.completed', 'tool.failed', 'tool.denied', 'contract.unmet', 'context.compacted', 'output.invalid');--> statement-breakpoint
CREATE INDEX "run_events_usage" ON "run_events" USING btree ("root_run_id") WHERE "run_events"."type" = 'usage.recorded';--> statement-breakpoint
ALTER TABLE "message_deltas" ADD COLUMN "part" text DEFAULT 'text' NOT NULL;--> statement-breakpoint
ALTER TABLE "message_deltas" DROP CONSTRAINT "message_deltas_run_id_turn_attempt_offset_chars_pk";--> statement-breakpoint
ALTER TABLE "message_deltas" ADD CONSTRAINT "message_deltas_run_id_turn_attempt_part_offset_chars_pk" PRIMARY KEY("run_id","turn","attempt","part","offset_chars");--> statement-breakpoint
-- A piece of an open message, of what it says or of what the model thinks. Nothing of a turn that is complete or of a run
-- that ended is taken any more. The form without a part stays for workers of the version before.
CREATE FUNCTION append_delta(
  p_tenant text, p_project text, p_run_id text, p_turn integer, p_attempt integer, p_part text, p_offset integer,
  p_text text, p_now bigint, p_notice text
) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO message_deltas (run_id, turn, attempt, part, offset_chars, at, text)
  SELECT p_run_id, p_turn, p_attempt, p_part, p_offset, p_now, p_text
    FROM runs r
   WHERE r.run_id = p_run_id AND r.tenant = p_tenant AND r.project = p_project AND r.ended_at IS NULL
     AND coalesce((
           SELECT e.turn FROM run_events e
            WHERE e.run_id = p_run_id
              AND e.type IN ('run.started', 'message.completed', 'tool.completed', 'tool.failed', 'tool.denied',
                             'contract.unmet')
              AND e.type = 'message.completed'
            ORDER BY e.seq DESC LIMIT 1), 0) < p_turn
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM pg_notify('countersign_events', p_notice);
  RETURN true;
END
$$;
