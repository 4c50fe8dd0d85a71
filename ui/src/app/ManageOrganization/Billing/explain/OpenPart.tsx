interface OpenPartProps {
  /** Of the button. It begins with what it shows. */
  name: string;
  onOpen: () => void;
  children: string;
}

/** Opens what a part of a figure is made of, in the same drawer. */
export function OpenPart({ name, onOpen, children }: OpenPartProps) {
  return (
    <button type="button" className="billing-explained billing-part" aria-label={name} onClick={onOpen}>
      {children}
    </button>
  );
}
