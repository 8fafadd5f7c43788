"""A worker in Python for the tool `send_payment` of the agent beside it."""

import asyncio
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker

from countersign_tools import Call, ToolError, ToolWorker

LEDGER = Path(os.environ.get("PAYMENTS_FILE", "payments.jsonl"))


async def send_payment(call: Call) -> Any:
    """Writes into a file what a bank would be told. The effect key makes a repetition the same payment."""
    amount = call.arguments["amount"]
    if amount > 10_000:
        raise ToolError("limit_exceeded", "The bank takes no more than 10000 at a time.")
    payment = {"key": call.effect_key, "to": call.arguments["to"], "amount": amount}
    with LEDGER.open("a", encoding="utf-8") as ledger:
        ledger.write(json.dumps(payment) + "\n")
    return {"receipt": f"P-{sum(1 for _ in LEDGER.open(encoding='utf-8'))}"}


async def main() -> None:
    # Fetched once and kept, as docs/reference/tool-workers.md says: {"audience": ..., "anchors": [...]}
    trust = json.loads(Path(os.environ["COUNTERSIGN_TRUST_FILE"]).read_text(encoding="utf-8"))
    tools = ToolWorker(
        url=os.environ["COUNTERSIGN_URL"],
        api_key=os.environ["COUNTERSIGN_API_KEY"],
        trust=trust,
        tools={"send_payment": send_payment},
    )
    client = await Client.connect(
        os.environ.get("TEMPORAL_ADDRESS", "127.0.0.1:7233"),
        namespace=os.environ.get("TEMPORAL_NAMESPACE", "default"),
    )
    worker = Worker(
        client,
        task_queue=os.environ.get("TOOL_TASK_QUEUE", "bank"),
        activities=[tools.carry_out],
        # A cancel reaches the tool with the answer to a heartbeat.
        max_heartbeat_throttle_interval=timedelta(seconds=1),
    )
    async with worker:
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
