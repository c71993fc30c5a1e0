/**
 * The project that is tried: where it stands, copies of it to plant in, and one run of one test file.
 *
 * @module
 */

/** A tree whose tests are run. */
export interface Project {
  /** Its folder. */
  readonly root: string;
  /** The folder below it that mutants are planted in. */
  readonly source: string;
  /** The folder below it that holds the tests. */
  readonly tests: string;
  /** What `deno test` is given before the file. */
  readonly flags: readonly string[];
}

/** What came of one test file. */
export interface TestRun {
  /** `time`: it used more than its limit, as a mutant that loops does. */
  readonly outcome: "passed" | "failed" | "time";
  /** Processor time of all its processes, in seconds. */
  readonly seconds: number;
  /** What it printed. */
  readonly output: string;
}

/** How much a test file may use. */
interface Limit {
  /** Processor time of one process in seconds: the machine may be busy. */
  readonly cpu: number;
  /** Time by the clock in seconds, for what waits and never wakes. */
  readonly wall: number;
}

/** Files below some folders of a project, relative to it, in the order of their names. */
export function filesOf(root: string, folders: readonly string[]): string[] {
  const found: string[] = [];
  const walk = (path: string) => {
    for (const entry of Deno.readDirSync(`${root}/${path}`)) {
      const inner = `${path}/${entry.name}`;
      if (entry.isDirectory) walk(inner);
      else found.push(inner);
    }
  };
  for (const folder of folders) walk(folder);
  return found.sort();
}

/** Copies what git would commit, and what it does not know yet; returns the new folder. */
export async function copyOf(root: string): Promise<string> {
  const copy = await Deno.makeTempDir({ prefix: "cowsh-mutate-" });
  const list = ["ls-files", "-co", "--exclude-standard", "-z"];
  const { stdout } = await new Deno.Command("git", { args: ["-C", root, ...list] }).output();
  for (const path of new TextDecoder().decode(stdout).split("\0")) {
    if (path === "" || !isFile(`${root}/${path}`)) continue;
    const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    Deno.mkdirSync(`${copy}/${folder}`, { recursive: true });
    Deno.copyFileSync(`${root}/${path}`, `${copy}/${path}`);
  }
  return copy;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false; // deleted, not committed
    throw error;
  }
}

/** Runs one test file of a copy; `env` is added to the environment. */
export async function runTest(
  project: Project,
  copy: string,
  file: string,
  limit: Limit,
  env: Record<string, string> = {},
): Promise<TestRun> {
  const words = ["deno", "test", "-q", "--no-check", "--fail-fast", ...project.flags, file];
  // A limit of the shell's binds every process below it; KILL needs no help from the one that loops.
  const script = `ulimit -t ${limit.cpu}; "$@"; code=$?; times >&2; exit $code`;
  const child = new Deno.Command("sh", {
    args: ["-c", script, "sh", ...words],
    cwd: copy,
    env: { NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    Deno.kill(-child.pid, "SIGKILL"); // the group: the shell and all below it
  }, limit.wall * 1000);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const text = new TextDecoder();
  const output = text.decode(stdout) + text.decode(stderr);
  // Of its own accord `deno test` ends with 0 or 1; the shell adds 128 to the number of a signal.
  const outcome = late || code > 128 ? "time" : code === 0 ? "passed" : "failed";
  return { outcome, seconds: processorTime(output), output };
}

/** What `times` printed last: "0m0.01s 0m0.00s" for the shell itself, and the same for what it waited for. */
function processorTime(output: string): number {
  const times = [...output.matchAll(/(\d+)m([\d.]+)s/g)].slice(-4);
  return times.reduce(
    (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
    0,
  );
}
