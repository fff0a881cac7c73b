// The page's build bundles a style sheet into a file; the package's build has it as text.
declare module '*.css' {
  const text: string;
  export default text;
}
