// Builds the page's script and style into dist/, which is committed and embedded by
// ../html.go. The same sources and the same locked packages give the same bytes.
//
//   node build.mjs [--out DIR]   build
//   node build.mjs --test        bundle and run the tests of test/
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const common = { bundle: true, absWorkingDir: here, charset: "utf8", logLevel: "warning" };

// Every file that decides what dist/ holds. dist/sources.sha256 lists their digests, so that a
// test without node notices a source that was changed and not built.
function sources() {
  const src = readdirSync(join(here, "src")).sort().map((name) => `src/${name}`);
  return ["build.mjs", "package-lock.json", "package.json", "tsconfig.json", ...src];
}

// licences are the terms of the packages whose code is in the script, which ask to be passed on
// with it.
function licences(metafile) {
  const used = Object.values(metafile.outputs).flatMap((o) => Object.entries(o.inputs)).filter(([, i]) => i.bytesInOutput > 0).map(([file]) => file);
  const packages = [...new Set(used.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]).filter((name) => name !== undefined))].sort();
  const terms = new Map(); // packages of one author differ in the years alone
  for (const name of packages) {
    const text = readFileSync(join(here, "node_modules", name, "LICENSE"), "utf8").trim();
    const holders = text.split("\n").filter((line) => line.startsWith("Copyright"));
    const rest = text.split("\n").filter((line) => !line.startsWith("Copyright")).join("\n").trim();
    terms.set(rest, [...(terms.get(rest) ?? []), `${name}: ${holders.join(" ")}`]);
  }
  return `/*!\n${[...terms].map(([text, names]) => `${names.join("\n")}\n\n${text}`).join("\n\n")}\n*/`;
}

if (process.argv.includes("--test")) {
  const out = mkdtempSync(join(tmpdir(), "report-test-"));
  try {
    const tests = readdirSync(join(here, "test")).filter((name) => name.endsWith(".test.ts")).sort();
    await build({ ...common, entryPoints: tests.map((name) => `test/${name}`), outdir: out, platform: "node", format: "cjs", outExtension: { ".js": ".cjs" } });
    const files = tests.map((name) => join(out, name.replace(/\.ts$/, ".cjs")));
    const run = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit", cwd: here });
    process.exitCode = run.status ?? 1;
  } finally {
    rmSync(out, { recursive: true });
  }
} else {
  const at = process.argv.indexOf("--out");
  const out = at < 0 ? join(here, "dist") : process.argv[at + 1];
  mkdirSync(out, { recursive: true });
  const options = { ...common, minify: true, legalComments: "none", target: ["es2020", "chrome100", "firefox100", "safari15"] };
  const script = { ...options, entryPoints: ["src/main.ts"], outfile: join(out, "report.js"), format: "iife" };
  const { metafile } = await build({ ...script, write: false, metafile: true });
  await build({ ...script, banner: { js: licences(metafile) } });
  await build({ ...options, entryPoints: ["src/page.css"], outfile: join(out, "report.css") });
  const digests = sources().map((name) => `${createHash("sha256").update(readFileSync(join(here, name))).digest("hex")}  ${name}\n`);
  writeFileSync(join(out, "sources.sha256"), digests.join(""));
}
