/** Saves a text as a file of the operator's own; nothing leaves the browser. */
export function download(name: string, text: string, type = 'application/json') {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser has read the address by the time that the click returns; the bytes stay until it has written them.
  URL.revokeObjectURL(address);
}
