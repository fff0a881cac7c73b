export function Brand() {
  return (
    <p className="brand">
      <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
        <path d="M4 3v18" />
        <path className="first" d="M4 4h9l-2 3.5 2 3.5H4z" />
        <path className="second" d="M8 9.5h11l-2 3.5 2 3.5H8z" />
      </svg>
      Twinflag
    </p>
  );
}
