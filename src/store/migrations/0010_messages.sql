DROP INDEX "run_events_transcript";--> statement-breakpoint
CREATE INDEX "run_events_transcript" ON "run_events" USING btree ("run_id","seq") WHERE "run_events"."type" in ('run.started', 'run.unblocked', 'message.received', 'message.completed', 'approval.decided', 'approval.superseded', 'tool.completed', 'tool.failed', 'tool.denied', 'contract.unmet');
