/** `boot`: a fresh computer in the place of this one. */

import { BOOT_OPTIONS } from "../vm/boot_options.ts";
import { command, type Context, type FlagSpec } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { note, type Result, result } from "../framework/result.ts";
import { hartJson, hartPlace } from "../session/guest_run.ts";
import { size } from "../vm/numbers.ts";
import { attachText, forgetEntries } from "../session/scenario.ts";
import { forgetSnapshots } from "../session/snapshots.ts";
import { setCurrent } from "../session/target.ts";

/** The options of a computer that the command line has, as flags of this command. */
const FLAGS: readonly FlagSpec[] = BOOT_OPTIONS.flatMap(({ flag, value, kind, words, doc }) => {
  if (flag === undefined) return [];
  if (value === undefined) return [{ name: flag, doc }];
  const isFile = kind === "image" || kind === "abi";
  return [{
    name: flag,
    kind: isFile ? "file" : "text",
    ...(isFile || words === undefined ? {} : { choices: words }),
    doc,
  }];
});

export default command({
  name: "boot",
  group: "machine",
  summary: "start a fresh computer in the place of this one, as at the start or with other options",
  details:
    "Without options it is the computer that the session began with. Options are those of the " +
    "command line that are about the computer, and stand over the session's own: boot --policy " +
    "eager, boot --mem 256M --superpages. A disk given with --fs or --fat is read again from " +
    "its file. Snapshots, breakpoints and the recorded past were the old computer's, and go " +
    "with it; so do lines kept for save. A guest of --kernel goes back to its prompt, with its " +
    "disk as it was there; one of the launcher, to its first instruction.",
  flags: FLAGS,
  examples: [
    { say: "xv6 before the lab", lines: ["boot --policy eager"], shows: ["policy eager"] },
    { say: "begin again", lines: ["spawn", "boot", "spawn"], shows: ["pid 2 demo"] },
  ],
  async run(ctx, given: Readonly<Record<string, string | true | undefined>>) {
    const { session } = ctx;
    if (ctx.vm.guest) return bootGuest(ctx, Object.values(given).some((one) => one !== undefined));
    if (session.boot === undefined) {
      throw new CommandError("this computer is a script's, which boots it itself", EXIT.usage);
    }
    const flags = Object.entries(given).flatMap(([name, value]) =>
      value === undefined ? [] : [value === true ? `--${name}` : `--${name}=${value}`]
    );
    const vm = await session.boot(flags);
    vm.history.start();
    session.vm = vm;
    session.place = undefined;
    session.last = 0n;
    setCurrent(ctx, 0);
    forgetSnapshots(session);
    forgetEntries(session);
    const { free, total } = vm.free();
    const { policy } = vm;
    const bytes = vm.ram.size;
    return result([
      note(`booted: ${size(bytes)} RAM, ${free} of ${total} frames free, policy ${policy}`),
    ], {
      json: { ram: bytes, free, total, policy },
    });
  },
});

/** A guest begins again: where it was when the session began, or at its first instruction. */
function bootGuest(ctx: Context, flags: boolean): Result {
  if (flags) {
    throw new CommandError(
      "boot: the options of a guest's computer are those that it was started with",
      EXIT.failed,
    );
  }
  const { vm, session } = ctx;
  vm.reset();
  session.place = undefined;
  session.last = 0n;
  setCurrent(ctx, 0);
  return result([
    note(
      vm.instret === 0
        ? "the guest begins again at its first instruction; its disk is as it was"
        : "the guest begins again at its prompt; its disk is as it was then",
    ),
    ...hartPlace(ctx),
  ], {
    json: hartJson(ctx),
    ...(vm.attached === undefined
      ? {}
      : { api: `const vm = attach({ ${attachText(vm.attached).join(", ")} });` }),
  });
}
