"""Carries out calls of Countersign's agents: takes each from the API, checks its permit, says how it ended.

The protocol is docs/reference/tool-workers.md. Copy this file into a worker of your own.
"""

import asyncio
import base64
import hashlib
import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from temporalio import activity
from temporalio.exceptions import ApplicationError

BEAT_SECONDS = 2
REQUEST_TIMEOUT_SECONDS = 15


class PermitError(Exception):
    """The permit does not allow this call. Nothing may be carried out."""


class ToolError(Exception):
    """A failure that the model and people may be told: no secrets in it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Call:
    """One call that may be carried out now."""

    arguments: dict[str, Any]
    # The same for every attempt at this call: pass it on as the idempotency key.
    effect_key: str
    run_id: str


Tool = Callable[[Call], Awaitable[Any]]


def verify_permit(permit: str, trust: dict[str, Any], task: dict[str, Any], claimant: str, arguments: str) -> None:
    """Checks that Countersign lets this claimant carry out just this call, now. Raises PermitError."""
    header, claims = _verified(permit, lambda head: _certified_key(head, trust))
    certificate = _payload(header["cert"])
    expected = {
        "typ": "countersign.permit/v1",
        "aud": trust["audience"],
        "claimant": claimant,
        "argumentsDigest": "sha256:" + hashlib.sha256(arguments.encode()).hexdigest(),
        **{name: task[name] for name in TASK_FIELDS},
    }
    wrong = [name for name, value in expected.items() if claims.get(name) != value]
    if wrong:
        raise PermitError(f"The permit is for another call: {', '.join(wrong)}")
    if not certificate["notBefore"] <= claims["iat"] <= certificate["notAfter"]:
        raise PermitError("The permit was signed with a key that was not valid then")
    if claims["exp"] <= time.time() * 1000:
        raise PermitError("The permit has run out")


TASK_FIELDS = ("taskId", "runId", "toolCallId", "tool", "definitionDigest", "effectKey", "digest")


def _certified_key(header: dict[str, Any], trust: dict[str, Any]) -> str:
    """The signing key, as one of the trust anchors certifies it."""
    for anchor in trust["anchors"]:
        try:
            _, certificate = _verified(header["cert"], lambda _, anchor=anchor: anchor)
        except PermitError:
            continue
        if certificate.get("typ") == "countersign.key/v1":
            return certificate["x"]
    raise PermitError("No trusted anchor certifies the key of the permit")


def _verified(jws: str, key_of: Callable[[dict[str, Any]], str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload of a compact JWS (EdDSA) that is signed with this key."""
    try:
        signed, _, signature = jws.rpartition(".")
        header = json.loads(_decode(signed.split(".")[0]))
        if header["alg"] != "EdDSA":
            raise PermitError("The permit is not signed with EdDSA")
        key = Ed25519PublicKey.from_public_bytes(_decode(key_of(header)))
        key.verify(_decode(signature), signed.encode())
        return header, _payload(jws)
    except (ValueError, KeyError, TypeError, IndexError, InvalidSignature) as error:
        raise PermitError("The signature of the permit does not hold") from error


def _payload(jws: str) -> dict[str, Any]:
    return json.loads(_decode(jws.split(".")[1]))


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class ToolWorker:
    """The activity that carries out calls, for `temporalio.worker.Worker(activities=[worker.carry_out])`."""

    def __init__(self, url: str, api_key: str, trust: dict[str, Any], tools: dict[str, Tool]) -> None:
        self._url = url.rstrip("/")
        self._api_key = api_key
        self._trust = trust
        self._tools = tools

    @activity.defn(name="countersign.tool/v1")
    async def carry_out(self, task: dict[str, Any]) -> None:
        # Made up for this one execution: nobody else can take the call over, and a lost answer can be asked for again.
        claimant = uuid.uuid4().hex
        beating = asyncio.create_task(_beat())
        try:
            tool = self._tools.get(task["tool"])
            if tool is None:
                raise ApplicationError("This worker has no such tool.", type="unknown_tool")
            claimed = await self._ask(task, "claim", {"claimant": claimant})
            try:
                verify_permit(claimed["permit"], self._trust, task, claimant, claimed["arguments"])
            except PermitError as error:
                raise ApplicationError(str(error), type="task_over", non_retryable=True) from None
            call = Call(json.loads(claimed["arguments"]), task["effectKey"], task["runId"])
            outcome = await _outcome_of(tool, call)
            await self._report(task, {"claimant": claimant, "outcome": outcome})
        finally:
            beating.cancel()

    async def _report(self, task: dict[str, Any], report: dict[str, Any]) -> None:
        """Until it is answered: the effect has happened. The activity's time limit ends it."""
        while True:
            try:
                await self._ask(task, "report", report)
                return
            except ApplicationError as error:
                if error.non_retryable:
                    raise
                await asyncio.sleep(1)

    async def _ask(self, task: dict[str, Any], what: str, body: dict[str, Any]) -> dict[str, Any]:
        return await asyncio.to_thread(self._post, f"{self._url}/v1/tool-tasks/{task['taskId']}/{what}", body)

    def _post(self, url: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self._api_key}", "content-type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_SECONDS) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            # Content goes to Countersign alone: what an activity fails with stands in Temporal's history.
            if error.code in (404, 410) or _code_of(error) == "task_taken":
                raise ApplicationError("The call is not to be had.", type="task_over", non_retryable=True) from None
            if error.code in (400, 413, 422):
                raise ApplicationError("The API does not take this.", type="refused", non_retryable=True) from None
            raise ApplicationError("The API says no for now.", type="not_now") from None
        except OSError:
            raise ApplicationError("The API does not answer.", type="not_now") from None


def _code_of(error: urllib.error.HTTPError) -> str:
    try:
        return json.load(error).get("code", "")
    except ValueError:
        return ""


async def _outcome_of(tool: Tool, call: Call) -> dict[str, Any]:
    try:
        return {"type": "completed", "result": await tool(call)}
    except ToolError as error:
        return {"type": "failed", "code": error.code, "message": str(error)}
    except Exception:  # noqa: BLE001 -- whatever it says may hold anything
        return {"type": "failed", "code": "tool_failed", "message": "The tool failed."}


async def _beat() -> None:
    """Shows that this worker lives; a cancel comes back with the answer."""
    while True:
        activity.heartbeat()
        await asyncio.sleep(BEAT_SECONDS)
