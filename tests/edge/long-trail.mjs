// Makes a long audit trail by importing documents in which every flag differs from the one before.
/** Imports documents of `flags` flags until the trail has at least `records` records, and returns their number. */
export async function fillTrail(server, records, flags = 5_000) {
  let found = 0;
  for (let number = 0; found < records; number++) {
    const made = Object.fromEntries(Array.from({ length: flags }, (_, at) => [`f${at}`, { metadata: { number } }]));
    const body = { schema: 'twinflag/1', bucketKey: '000102030405060708090a0b0c0d0e0f', flags: made };
    const answer = await server.asAdmin('/api/admin/document', { method: 'PUT', body });
    if (answer.status !== 200) throw new Error(answer.text);
    found += answer.json().records;
  }
  return found;
}
