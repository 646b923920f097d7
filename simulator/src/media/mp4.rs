//! The MP4 container around one H.264 track: index first, then the samples, so that players can start at once.

/// A track ready to be wrapped.
#[derive(Debug)]
pub struct Track {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Frames per second.
    pub fps: u32,
    /// The sequence parameter set.
    pub sequence_parameters: Vec<u8>,
    /// The picture parameter set.
    pub picture_parameters: Vec<u8>,
    /// One unit per frame, and whether it is a key frame.
    pub frames: Vec<(Vec<u8>, bool)>,
}

/// Ticks of the clock per frame.
const TICKS: u32 = 512;
const IDENTITY: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// The file.
pub fn wrap(track: &Track) -> Vec<u8> {
    let brand = part(b"ftyp", &[&b"isom"[..], &0x200_u32.to_be_bytes(), b"isomiso2avc1mp41"].concat());
    let index_length = index(track, 0).len();
    let offset = brand.len() + index_length + 8;
    let samples: Vec<u8> =
        track.frames.iter().flat_map(|(unit, _)| [&(unit.len() as u32).to_be_bytes()[..], unit].concat()).collect();
    [brand, index(track, offset as u32), part(b"mdat", &samples)].concat()
}

fn index(track: &Track, offset: u32) -> Vec<u8> {
    let duration = track.frames.len() as u32 * TICKS;
    let mut movie = vec![0, 0, 0, track.fps * TICKS, duration, 0x1_0000, 0x0100_0000, 0, 0];
    movie.extend(IDENTITY);
    movie.extend([0, 0, 0, 0, 0, 0, 2]);
    part(b"moov", &[part(b"mvhd", &numbers(&movie)), trak(track, duration, offset)].concat())
}

fn trak(track: &Track, duration: u32, offset: u32) -> Vec<u8> {
    let mut header = vec![3, 0, 0, 1, 0, duration, 0, 0, 0, 0];
    header.extend(IDENTITY);
    header.extend([track.width << 16, track.height << 16]);
    let clock = numbers(&[0, 0, 0, track.fps * TICKS, duration, 0x55c4_0000]);
    let handler = [&numbers(&[0, 0])[..], b"vide", &numbers(&[0, 0, 0]), b"video\0"].concat();
    let data = part(b"dinf", &part(b"dref", &[numbers(&[0, 1]), part(b"url ", &numbers(&[1]))].concat()));
    let media = [part(b"vmhd", &numbers(&[1, 0, 0])), data, sample_table(track, offset)].concat();
    let mdia = [part(b"mdhd", &clock), part(b"hdlr", &handler), part(b"minf", &media)].concat();
    part(b"trak", &[part(b"tkhd", &numbers(&header)), part(b"mdia", &mdia)].concat())
}

fn sample_table(track: &Track, offset: u32) -> Vec<u8> {
    let count = track.frames.len() as u32;
    let keys: Vec<u32> = (1..).zip(&track.frames).filter(|(_, frame)| frame.1).map(|(number, _)| number).collect();
    let sizes = track.frames.iter().map(|(unit, _)| unit.len() as u32 + 4);
    let tables = [
        part(b"stsd", &[numbers(&[0, 1]), sample_entry(track)].concat()),
        part(b"stts", &numbers(&[0, 1, count, TICKS])),
        part(b"stss", &numbers(&[&[0, keys.len() as u32][..], &keys].concat())),
        part(b"stsc", &numbers(&[0, 1, 1, count, 1])),
        part(b"stsz", &numbers(&[0, 0, count].into_iter().chain(sizes).collect::<Vec<_>>())),
        part(b"stco", &numbers(&[0, 1, offset])),
    ];
    part(b"stbl", &tables.concat())
}

fn sample_entry(track: &Track) -> Vec<u8> {
    let mut entry = numbers(&[0, 1, 0, 0, 0, 0]);
    entry.extend((track.width as u16).to_be_bytes());
    entry.extend((track.height as u16).to_be_bytes());
    entry.extend(numbers(&[0x48_0000, 0x48_0000, 0]));
    entry.extend([0, 1]);
    entry.extend([0; 32]);
    entry.extend([0, 24, 0xff, 0xff]);
    let set = &track.sequence_parameters;
    let mut config = vec![1, set[1], set[2], set[3], 0xff, 0xe1];
    config.extend((set.len() as u16).to_be_bytes());
    config.extend_from_slice(set);
    config.push(1);
    config.extend((track.picture_parameters.len() as u16).to_be_bytes());
    config.extend_from_slice(&track.picture_parameters);
    entry.extend(part(b"avcC", &config));
    part(b"avc1", &entry)
}

fn part(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes()[..], name, content].concat()
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}
