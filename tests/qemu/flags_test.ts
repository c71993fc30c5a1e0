import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { CommandError } from "../../src/framework/errors.ts";
import { FLAGS } from "../../src/qemu/flag_table.ts";
import { type Options, parseFlags } from "../../src/qemu/flags.ts";
import { helpText } from "../../src/qemu/help.ts";

/** What all the Makefiles' lines have in common. */
const COMMON = "-machine virt -bios none -kernel kernel/kernel -m 128M";
const DISK = "-drive file=fs.img,if=none,format=raw,id=x0 " +
  "-device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0";
const MODERN = "-global virtio-mmio.force-legacy=false";

const parse = (line: string) => parseFlags(line.split(/ +/));

/** The line that a Makefile runs QEMU with, and what is to come of it. */
const xv6 = (harts: number, virtioVersion: 1 | 2, more: Partial<Options> = {}): Options => ({
  kernelFile: "kernel/kernel",
  memBytes: 128 * 2 ** 20,
  harts,
  seed: undefined,
  facts: [],
  disk: { file: "fs.img", snapshot: false },
  virtioVersion,
  halted: false,
  gdb: undefined,
  noReboot: false,
  escape: 1,
  ...more,
});

Deno.test("the lines of xv6's Makefiles of 2019 to 2025 mean what they mean to QEMU", () => {
  for (
    const [line, options] of [
      // 2019 and 2020, and the labs of 2021; the flag for gdb is `-gdb tcp::` where help has it.
      [`${COMMON} -smp 3 -nographic ${DISK}`, xv6(3, 1)],
      [
        `${COMMON} -smp 3 -nographic ${DISK} -S -gdb tcp::26000`,
        xv6(3, 1, { halted: true, gdb: 26000 }),
      ],
      [`${COMMON} -smp 1 -nographic ${DISK} -S -s -p 1234`, "-p: not known here"],
      // The fs labs have one hart, the lock lab of 2025 four; others since 2021.
      [`${COMMON} -smp 1 -nographic ${MODERN} ${DISK}`, xv6(1, 2)],
      [`${COMMON} -smp 4 -nographic ${MODERN} ${DISK}`, xv6(4, 2)],
      [
        `${COMMON} -smp 3 -nographic ${MODERN} ${DISK} -S -gdb tcp::25501`,
        xv6(3, 2, { halted: true, gdb: 25501 }),
      ],
      // The net labs: 2020 to 2023, and from 2024 on.
      ...["hostfwd=udp::25999-:2000", "hostfwd=udp::25999-:2000,hostfwd=udp::30999-:2001"].map(
        (forwarded) =>
          [
            `${COMMON} -smp 3 -nographic ${MODERN} ${DISK} -netdev user,id=net0,${forwarded} ` +
            "-object filter-dump,id=net0,netdev=net0,file=packets.pcap " +
            "-device e1000,netdev=net0,bus=pcie.0",
            "-device e1000,netdev=net0,bus=pcie.0: there is no network card here, " +
            "so the net lab needs QEMU itself",
          ] as const,
      ),
    ] as const
  ) {
    if (typeof options !== "string") assertEquals(parse(line), options, line);
    else {
      const error = assertThrows(() => parse(line), CommandError);
      assertEquals([error.message.startsWith(options), error.exitCode], [true, 2], error.message);
    }
  }
});

Deno.test("what people add to such a line", () => {
  const base = `${COMMON} -nographic`;
  const bare = xv6(1, 1, { disk: undefined });
  for (
    const [more, changes] of [
      ["", {}],
      ["--no-reboot", { noReboot: true }],
      ["-s", { gdb: 1234 }],
      ["-gdb tcp:localhost:4000,server=on,wait=off", { gdb: 4000 }],
      ["-m 1G", { memBytes: 2 ** 30 }],
      ["-m 64", { memBytes: 64 * 2 ** 20 }],
      ["-m size=65536K", { memBytes: 64 * 2 ** 20 }],
      ["-smp cpus=8", { harts: 8 }],
      ["-seed 0x10", { seed: 16 }],
      ["-fact counts=ref.cnt -fact cow=0x100", { facts: ["counts=ref.cnt", "cow=0x100"] }],
      ["-cpu rv64 -accel tcg,thread=single -display none", {}],
      ["-serial mon:stdio", {}],
      ["-echr 0x14", { escape: 20 }],
      // QEMU then connects the serial line alone: no key is kept from the guest.
      ["-serial stdio", { escape: undefined }],
      ["-monitor none", { escape: undefined }],
      ["-serial mon:stdio -monitor none", {}],
      ["-global virtio-mmio.force-legacy=off", { virtioVersion: 2 }],
      ["-global virtio-mmio.force-legacy=on", { virtioVersion: 1 }],
      // A drive that no device is connected to is no disk.
      ["-drive file=a,if=none,format=raw,id=a", {}],
      [DISK.replace("fs.img", "a,,b.img"), { disk: { file: "a,b.img", snapshot: false } }],
      [`-snapshot ${DISK}`, { disk: { file: "fs.img", snapshot: true } }],
      [DISK.replace("id=x0 ", "id=x0,snapshot=on "), { disk: { file: "fs.img", snapshot: true } }],
      [DISK.replace("bus=virtio-mmio-bus.0", "id=d"), {
        disk: { file: "fs.img", snapshot: false },
      }],
    ] as const
  ) {
    assertEquals(parse(`${base} ${more}`.trim()), { ...bare, ...changes }, more);
  }
});

Deno.test("what cannot be had is refused in one line with its name, never passed over", () => {
  for (
    const [line, message] of [
      ["-foo", "-foo: not known here; -help lists what is"],
      ["-snapshots", "-snapshots: not known here; did you mean -snapshot?"],
      ["--kernl k", "--kernl: not known here; did you mean -kernel?"],
      ["-kernel", "-kernel: needs a value: FILE"],
      ["fs.img", "fs.img: an IDE disk, which there is none of here: -drive and -device"],
      ["-bios none -kernel k", "no -machine: the machine here is virt"],
      ["-M virt -kernel k", "no -bios: there is no firmware here: -bios none"],
      ["-M virt -bios none", "no -kernel: which ELF file shall run?"],
      ["-machine sifive_u", "-machine sifive_u: the machine here is virt"],
      ["-machine virt,aclint=on", "-machine virt,aclint=on: the machine here is virt"],
      ["-bios default", "-bios default: there is no firmware here: -bios none"],
      ["-cpu rv32", "-cpu rv32: the hart here is rv64, without properties"],
      ["-accel kvm", "-accel kvm: instructions are always emulated here: -accel tcg, or nothing"],
      ["-m 8M", "-m 8M: RAM is 16M to 2048M, in whole pages"],
      ["-m 4G", "-m 4G: RAM is 16M to 2048M, in whole pages"],
      ["-m lots", "-m lots: RAM is 16M to 2048M, in whole pages"],
      ["-m 128M,slots=2", "-m 128M,slots=2: slots= is not known here, only size="],
      ["-smp 9", "-smp 9: 1 to 8 harts"],
      ["-smp 0", "-smp 0: 1 to 8 harts"],
      ["-smp 2,cores=2", "-smp 2,cores=2: cores= is not known here, only cpus="],
      ["-seed x", "-seed x: a number below 2^32"],
      ["-fact counts", "-fact counts: NAME=EXPR, as in counts=ref.cnt"],
      ["-drive if=none,id=x", "-drive if=none,id=x: which image? file=IMAGE"],
      [
        "-drive file=a,id=x",
        /^-drive file=a,id=x: if=none, and -device virtio-blk-device,drive=ID/,
      ],
      ["-drive file=a,if=none,format=qcow2,id=x", /: an image is raw here: format=raw$/],
      ["-drive file=a,if=none", /: a drive needs an id= to be connected by$/],
      [
        "-drive file=a,if=none,id=x,cache=none",
        /: cache= is not known here, only file=, if=, format=/,
      ],
      ["-drive file=a,if=none,id=x -drive file=b,if=none,id=x", /: there is a drive with id=x/],
      ["-device virtio-blk-pci,drive=x0", /: there is no PCI here: virtio-blk-device$/],
      ["-device virtio-rng-device", /: the one device here is virtio-blk-device$/],
      ["-device virtio-blk-device", /: which drive\? drive=ID$/],
      [
        `${COMMON} -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.1`,
        /: the disk is on virtio-mmio-bus\.0 here$/,
      ],
      [`${COMMON} ${DISK} ${DISK.replaceAll("x0", "x1")}`, /: one disk is all there is room for/],
      [
        `${COMMON} -device virtio-blk-device,drive=y`,
        "-device virtio-blk-device,drive=y: there is no -drive with id=y",
      ],
      ["-global virtio-mmio.x=1", /: the one global property here is virtio-mmio.force-legacy=f/],
      ["-netdev user", "-netdev user: a netdev needs an id="],
      ["-object rng-random,id=r", "-object rng-random,id=r: the one object here is filter-dump"],
      ["-object filter-dump,id=d,netdev=n,file=f", /: there is no -netdev with id=n$/],
      ["-display gtk", "-display gtk: there is no window here: -display none"],
      ["-serial file:x", /: the console is the terminal here: mon:stdio or stdio$/],
      ["-monitor tcp::4444", /: cowsh's shell is the monitor, behind Ctrl-A c: none or stdio$/],
      ["-echr 0", "-echr 0: 1 to 255"],
      ["-gdb tcp:0.0.0.0:1234", /: gdb connects by the loopback only: tcp::PORT, 1 to 65535$/],
      ["-gdb tcp::99999", /: gdb connects by the loopback only/],
    ] as const
  ) {
    const error = assertThrows(() => parse(line), CommandError);
    if (typeof message === "string") assertEquals(error.message, message);
    else assertMatch(error.message, message);
    assertEquals(error.exitCode, 2);
  }
});

Deno.test("the help names every flag, and passes what Makefiles look for in it", () => {
  const text = helpText("1.2.3");
  for (const flag of FLAGS) {
    for (const name of flag.names) assertMatch(text, new RegExp(`^.*(^| )-${name}( |$)`, "m"));
  }
  assertMatch(text, /^-gdb/m);
  // 2025's `check-qemu-version`, by its own expression.
  const [, version] = /^QEMU emulator version ([0-9]+\.[0-9]+)\..*/.exec(text) ?? [];
  assertEquals(Number(version) >= 7.2, true);
  assertMatch(text.split("\n")[0], /cowsh 1\.2\.3/);
});
