import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { protocolPage, protocolSchema } from '../conformance/port/document.js';

/** Writes what docs/protocol.md and ports/protocol.schema.json say of messages, functions and operations. */
const root = join(import.meta.dirname, '..');
const page = join(root, 'docs', 'protocol.md');
writeFileSync(page, protocolPage(readFileSync(page, 'utf8')));
const schema = join(root, 'ports', 'protocol.schema.json');
writeFileSync(schema, `${JSON.stringify(protocolSchema(), null, 2)}\n`);
