import { hue, initials } from "./names";

/** What stands for a person without a picture. `id` chooses the colour. */
export function Avatar({ name, id }: { name: string; id: string }) {
  const colour = hue(id);
  return (
    <span
      className="avatar"
      aria-hidden="true"
      style={{
        background: `linear-gradient(145deg, hsl(${colour} 48% 46%), hsl(${(colour + 40) % 360} 52% 34%))`,
      }}
    >
      {initials(name)}
    </span>
  );
}
