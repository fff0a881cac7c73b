export default function Classic() {
  return <main id="classic">The classic product page</main>;
}
