"""``panhuo push send``: a planned round on its way through one channel."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from matcher.pushed import PushCounts, RoundId
from service.commands.options import Context, common, json_option, print_json
from service.push.campaign_file import terms_of


@click.command("send")
@click.argument("round_id", metavar="ROUND")
@click.option(
    "--channel", required=True, metavar="NAME", help="Channel of channels.toml in the home."
)
@click.option(
    "--most", type=click.IntRange(1), metavar="N", help="Attempt so many messages at most."
)
@click.option(
    "--until-done", is_flag=True, help="Wait for what is to be tried again, until all has ended."
)
@click.option(
    "--again", is_flag=True, help="Open the channel, and what was parked or failed, once more."
)
@json_option
@common
def send(
    context: Context,
    *,
    round_id: str,
    channel: str,
    most: int | None,
    until_done: bool,
    again: bool,
    as_json: bool,
) -> int:
    """Send a push_round through a channel; go on where an earlier call stopped.

    Each firm gets one message. What was delivered is never sent again; what is to be tried again
    later waits for the next call, or for --until-done.

    A round of a campaign is not sent while the campaign is quiet.

    Exit code 0: nothing is parked or failed. 1: some messages are, or the receiver wants nothing
    more.
    """
    with context.open() as home:
        made = home.store.push_rounds.round(RoundId(round_id))
        terms_of(made.campaign, made.round_id).refuse_quiet(datetime.now(UTC))
        sender = home.push_sender(channel)
        if again:
            home.store.push_messages.reopen(RoundId(round_id), channel, datetime.now(UTC))
        counts = sender.send(RoundId(round_id), most=most, until_done=until_done)
    if as_json:
        print_json(_told(round_id, channel, counts))
    else:
        _show(round_id, channel, counts)
    return 1 if counts.parked or counts.failed else 0


def _told(round_id: str, channel: str, counts: PushCounts) -> dict[str, object]:
    return {
        "round": round_id,
        "channel": channel,
        "messages": counts.messages,
        "delivered": counts.delivered,
        "waiting": counts.waiting,
        "parked": counts.parked,
        "failed": counts.failed,
        "empty": counts.empty,
        "attempts": counts.attempts,
    }


def _show(round_id: str, channel: str, counts: PushCounts) -> None:
    click.echo(
        f"{round_id} → {channel}: {counts.messages:,} messages, {counts.delivered:,} delivered, "
        f"{counts.waiting:,} waiting, {counts.parked:,} parked, {counts.failed:,} failed, "
        f"{counts.empty:,} empty; {counts.attempts:,} attempts"
    )
    if counts.waiting:
        click.echo(
            "What waits is tried by the next call when it is due; --until-done stays for it."
        )
    if counts.parked or counts.failed:
        click.echo("Look at the receiver; then send what is parked or failed with --again.")
