// Compiles the contracts beside it into contracts.json: `npm install --no-save solc@0.8.28`
// in a folder of your own, then `NODE_PATH=that/node_modules node build.js`.
const fs = require("fs"), path = require("path"), solc = require("solc");
const sources = {};
for (const name of fs.readdirSync(__dirname).filter((n) => n.endsWith(".sol")).sort())
  sources[name] = { content: fs.readFileSync(path.join(__dirname, name), "utf8") };
const out = JSON.parse(solc.compile(JSON.stringify({
  language: "Solidity", sources,
  settings: { evmVersion: "cancun", optimizer: { enabled: true, runs: 200 }, metadata: { bytecodeHash: "none" },
    outputSelection: { "*": { "*": ["evm.bytecode.object", "evm.methodIdentifiers"] } } },
})));
const wrong = (out.errors || []).filter((e) => e.severity === "error");
if (wrong.length) { console.error(wrong.map((e) => e.formattedMessage).join("\n")); process.exit(1); }
const contracts = { compiler: solc.version() };
for (const file of Object.keys(out.contracts).sort())
  for (const name of Object.keys(out.contracts[file]).sort()) {
    const evm = out.contracts[file][name].evm;
    contracts[name] = { code: evm.bytecode.object, methods: evm.methodIdentifiers };
  }
fs.writeFileSync(path.join(__dirname, "contracts.json"), JSON.stringify(contracts, null, 1) + "\n");
