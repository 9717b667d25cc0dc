// For the scripts of this folder: the code that a person finds in the mail.
const { execFileSync } = require("node:child_process");
const path = require("node:path");

exports.mailedCode = (address) => execFileSync(path.join(__dirname, "mailed-code"), [address]).toString().trim();
