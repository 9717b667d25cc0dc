// Prints what npm's mailparser reads in a mail on standard input. The package is installed below .browser/.
import { createRequire } from "node:module";

const { simpleParser } = createRequire(`${process.cwd()}/`)("mailparser");

const mail = await simpleParser(process.stdin);
const [sender] = mail.from.value;
const [reply] = mail.replyTo.value;
process.stdout.write(JSON.stringify({
  subject: mail.subject,
  from: sender.name,
  replyTo: reply.name,
  replyAddress: reply.address,
  to: mail.to.value[0].address,
}));
