/** How somebody's connection does, in numbers and over time: what you send, or what arrives of them. */

import { StatsMonitor, type Call, type CallState, type StatsHistory } from "@connect/client";
import { useEffect, useState } from "react";

import { tracksOf, type TrackDetails } from "./details";
import { Select } from "./form";
import { Panel } from "./Panel";
import type { Person } from "./people";
import { Plot } from "./Plot";
import { QualityBars } from "./Quality";
import { STRINGS } from "./strings";

const WORDS = STRINGS.details;

interface DetailsPanelProps {
  call: Call;
  state: CallState;
  people: readonly Person[];
  /** Whose; yours when it is nobody who is here. */
  about: string | null;
  onChoose: (personId: string) => void;
  onClose: () => void;
}

export function DetailsPanel({ call, state, people, about, onChoose, onClose }: DetailsPanelProps) {
  const history = useHistory(call);
  const person = people.find(({ id }) => id === about) ?? people.find(({ self }) => self);
  if (!person) return null;
  const tracks = tracksOf(state, history, person);
  return (
    <Panel title={WORDS.title} testId="details-panel" onClose={onClose}>
      <Select
        label={WORDS.whose}
        options={people.map(({ id, name, self }) => [id, self ? WORDS.yours(name) : name])}
        value={person.id}
        testId="details-person"
        onChange={onChoose}
      />
      <div className="tracks" role="region" aria-label={WORDS.title} tabIndex={0}>
        <Summary person={person} downlink={person.self ? state.downlinkBitrate : null} />
        {tracks.length === 0 && <p className="quiet">{person.self ? WORDS.nothingSent : WORDS.nothingCame}</p>}
        {tracks.map((track) => (
          <Track key={track.id} track={track} />
        ))}
      </div>
    </Panel>
  );
}

/** The numbers since the panel was opened: the browser is asked for as long as somebody looks. */
function useHistory(call: Call): StatsHistory {
  const [history, setHistory] = useState<StatsHistory>({ received: {}, sent: {} });
  useEffect(() => {
    const monitor = new StatsMonitor(call);
    const unsubscribe = monitor.state.subscribe(() => setHistory(monitor.state.get()));
    return () => {
      unsubscribe();
      monitor.stop();
    };
  }, [call]);
  return history;
}

function Summary({ person: { quality }, downlink }: { person: Person; downlink: number | null }) {
  return (
    <div className="details-summary">
      {quality && (
        <p>
          <QualityBars quality={quality} /> {STRINGS.quality[quality]}
        </p>
      )}
      {downlink !== null && (
        <p className="quiet" data-testid="details-downlink" data-bitrate={Math.round(downlink)}>
          {WORDS.available(WORDS.bits(downlink))}
        </p>
      )}
    </div>
  );
}

function Track({ track }: { track: TrackDetails }) {
  const { direction, source, rests, readings, layers } = track;
  const now = readings.at(-1);
  return (
    <section
      className="track"
      aria-label={WORDS.track(source, direction)}
      data-testid="details-track"
      data-source={source}
      data-direction={direction}
      data-bitrate={now && Math.round(now.bitrate)}
      data-loss={now?.loss}
      data-round-trip={now?.roundTrip ?? undefined}
      data-jitter={now?.jitter ?? undefined}
      data-codec={now?.codec ?? undefined}
      data-width={now?.width || undefined}
      data-height={now?.height || undefined}
      data-layer={layers?.current}
      data-layers={layers?.of}
    >
      <h3>
        {WORDS.track(source, direction)} {rests && <span className="quiet">({WORDS.rests[rests]})</span>}
      </h3>
      {now ? <Numbers track={track} /> : <p className="quiet">{WORDS.measuring}</p>}
      {now && <Plot readings={readings} />}
    </section>
  );
}

/** What is not known, or makes no sense for sound, is left out. */
function Numbers({ track: { readings, layers, direction } }: { track: TrackDetails }) {
  const now = readings.at(-1);
  if (!now) return null;
  const { bitrate, loss, roundTrip, jitter, codec, width, height, framesPerSecond } = now;
  const numbers: readonly (readonly [label: string, value: string | null])[] = [
    [WORDS.bitrate, WORDS.bits(bitrate)],
    [WORDS.loss, WORDS.percent(loss)],
    [WORDS.roundTrip, roundTrip === null ? null : WORDS.time(roundTrip)],
    [WORDS.jitter, jitter === null ? null : WORDS.time(jitter)],
    [WORDS.codec, codec],
    [WORDS.size, width > 0 ? WORDS.picture(width, height, framesPerSecond) : null],
    [WORDS.layers(direction), layers && WORDS.layerOf(layers.current, layers.of)],
  ];
  return (
    <dl>
      {numbers.map(([label, value]) =>
        value === null ? null : (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
