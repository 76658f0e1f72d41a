import { Dialog } from "./Dialog";
import { SHORTCUTS } from "./shortcuts";
import { STRINGS } from "./strings";

/** What keys do. */
export function HelpDialog({ onClose }: { onClose: () => void }) {
  const { title, elsewhere, escape } = STRINGS.help;
  const rows = [...Object.values(SHORTCUTS), { key: "Esc", does: escape }];
  return (
    <Dialog title={title} testId="help-dialog" onClose={onClose}>
      <dl className="shortcuts">
        {rows.map(({ key, does }) => (
          <div key={key}>
            <dt>
              <kbd>{key.length === 1 ? key.toUpperCase() : key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p className="hint">{elsewhere}</p>
    </Dialog>
  );
}
