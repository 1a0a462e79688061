import { LacunaError } from '../../../spec/errors.js';
import type { LineFormat } from '../annotation.js';
import { timePart } from '../clip-part.js';
import { show } from '../record-fields.js';

/** A line that is of a format must be of it. */
function matched(expression: RegExp, where: string, line: string, form: string): RegExpExecArray {
  const match = expression.exec(line);
  if (match !== null) return match;
  throw new LacunaError({
    what: 'the line is not like the first one',
    where,
    got: show(line),
    expected: form,
  });
}

const MOMENT = /^(\S{1,200}) +(\d+(?:\.\d*)?) +(\d+(?:\.\d*)?) *##(.*)$/;

/** Charades-STA: `VIDEO start end##sentence`, in seconds. */
const charadesSta: LineFormat = {
  title: 'Charades-STA',
  video: '{}.mp4',
  takes: (line) => MOMENT.test(line),
  annotation: ({ where, text }) => {
    const form = '"VIDEO start end##sentence"';
    const [, id = '', start, end, captions] = matched(MOMENT, where, text, form);
    return { where, id, captions, part: () => timePart(where, start, end) };
  },
};

/** The 51 classes of HMDB51. */
const HMDB51 =
  'brush_hair|cartwheel|catch|chew|clap|climb|climb_stairs|dive|draw_sword|dribble|drink|eat|fall_floor|' +
  'fencing|flic_flac|golf|handstand|hit|hug|jump|kick|kick_ball|kiss|laugh|pick|pour|pullup|punch|push|pushup|' +
  'ride_bike|ride_horse|run|shake_hands|shoot_ball|shoot_bow|shoot_gun|sit|situp|smile|smoke|somersault|stand|' +
  'swing_baseball|sword|sword_exercise|talk|throw|turn|walk|wave';

/** `NAME_CLASS_body_camera_np1_direction_quality_number.avi flag`. */
const HMDB_LINE = new RegExp(
  `^((?:.{1,150}?)_(${HMDB51})_[fhlu]_(?:cm|nm)_np\\d+_(?:ba|fr|le|ri)_(?:bad|goo|med)_\\d+\\.avi)\\s+([012])$`,
  'i',
);
/** What the flag means. */
const HMDB_SPLITS = ['unused', 'train', 'test'] as const;

/** HMDB51: the number behind a video says whether it is of the training or the test part, not its class. */
const hmdb51: LineFormat = {
  title: 'HMDB51',
  video: '{class}/{}',
  takes: (line) => HMDB_LINE.test(line),
  annotation: ({ where, text }) => {
    const form = '"NAME_CLASS_..._1.avi 1", with 1 for training, 2 for test, 0 for neither';
    const [, id = '', name = '', flag] = matched(HMDB_LINE, where, text, form);
    const label = name.toLowerCase();
    return { where, id, label, fields: { class: label }, split: HMDB_SPLITS[Number(flag)] };
  },
};

const UCF_LINE = /^((\w{1,100})\/v_\w{1,100}_g\d+_c\d+\.avi)(?:\s+(\d{1,3}))?$/;

/** UCF101: `Class/v_Class_g01_c01.avi`, in training lists with the number of the class from 1. */
const ucf101: LineFormat = {
  title: 'UCF101',
  video: '{}',
  takes: (line) => UCF_LINE.test(line),
  annotation: ({ where, text }) => {
    const form = '"Class/v_Class_g01_c01.avi", and the number of the class in a training list';
    const [, id = '', label = ''] = matched(UCF_LINE, where, text, form);
    return { where, id, label };
  },
};

const MSVD_ID = /^[\w-]{11}_\d{1,6}_\d{1,6}$/;

/** A split of MSVD: its ids, without captions. */
const msvdIds: LineFormat = {
  title: 'MSVD',
  video: '{}.avi',
  takes: (line) => MSVD_ID.test(line),
  annotation: ({ where, text }) => {
    const [id] = matched(MSVD_ID, where, text, '"NAME_START_END", an id of MSVD');
    return { where, id };
  },
};

export const LINES: readonly LineFormat[] = [charadesSta, hmdb51, ucf101, msvdIds];
