/** The committed bare-metal programs are what their sources give, here, for several harts and in the bench. */
import { assertEquals } from "@std/assert";
import { whyNoCheck } from "./toolchain.ts";

const why = await whyNoCheck();
if (why !== undefined) console.log(`rebuilding the bare-metal programs: skipped, ${why}`);

for (const folder of ["./", "../litmus/", "../../bench/guest/"]) {
  Deno.test({
    name: `isa: ${folder}bin as built from source`,
    ignore: why !== undefined,
    fn: async () => {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-lock", "--allow-read", "--allow-write", "--allow-run", "--allow-env"]
          .concat([new URL(`${folder}build.ts`, import.meta.url).pathname, "--check"]),
        env: { NO_COLOR: "1" },
      }).output();
      assertEquals([code, code === 0 ? "" : new TextDecoder().decode(stderr)], [0, ""]);
    },
  });
}
