// The page's build bundles a style sheet into a file; the package's build has it as text.
declare module '*.css' {
  const text: string;
  export default text;
}

// The package's build has the engine, deflated, as base64.
declare module '*.deflate' {
  const base64: string;
  export default base64;
}
