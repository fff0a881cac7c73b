export default function Fast() {
  return <main id="fast">The fast product page</main>;
}
