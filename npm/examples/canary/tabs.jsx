import { useRef, useState } from 'react';

/** Tabs by the pattern of the ARIA Authoring Practices: arrows move, and the chosen one alone can be reached by Tab. */
export function Tabs({ names }) {
  const [chosen, setChosen] = useState(0);
  const buttons = useRef([]);
  const move = event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (chosen + step + names.length) % names.length;
    setChosen(next);
    buttons.current[next].focus();
  };
  return (
    <>
      <div role="tablist" aria-label="Profile">
        {names.map((name, place) => (
          <button
            key={name}
            ref={button => {
              buttons.current[place] = button;
            }}
            type="button"
            role="tab"
            id={`tab-${place}`}
            aria-selected={place === chosen}
            aria-controls="panel"
            tabIndex={place === chosen ? 0 : -1}
            onClick={() => setChosen(place)}
            onKeyDown={move}
          >
            {name}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="panel" aria-labelledby={`tab-${chosen}`}>
        {names[chosen]}
      </div>
    </>
  );
}
