//! What a file is, by its first bytes: what a client calls it is not believed.

use std::io::Cursor;

use image::ImageReader;

/// How many first bytes are looked at.
pub const HEAD_BYTES: usize = 256 * 1024;

/// What a file was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its media type.
    pub content_type: &'static str,
    /// Pixels across and down, of an image.
    pub size: Option<(u32, u32)>,
}

/// The media type of a file that may be brought, or nothing when it may not.
#[must_use]
pub fn sniff(head: &[u8]) -> Option<Found> {
    let content_type = match head {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [_, _, _, _, b'f', b't', b'y', b'p', b'q', b't', ..] => "video/quicktime",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "video/mp4",
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "video/webm",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => "audio/wav",
        [b'I', b'D', b'3', ..] | [0xff, 0xfb | 0xf3 | 0xf2, ..] => "audio/mpeg",
        [b'%', b'P', b'D', b'F', b'-', ..] => "application/pdf",
        _ => return None,
    };
    let reader = ImageReader::new(Cursor::new(head)).with_guessed_format().ok();
    let size = reader.filter(|_| content_type.starts_with("image/")).and_then(|reader| reader.into_dimensions().ok());
    Some(Found { content_type, size })
}

/// The usual ending of a file's name.
#[must_use]
pub fn extension(content_type: &str) -> &'static str {
    match content_type {
        "image/png" => ".png",
        "image/jpeg" => ".jpg",
        "image/webp" => ".webp",
        "image/gif" => ".gif",
        "video/mp4" => ".mp4",
        "video/quicktime" => ".mov",
        "video/webm" => ".webm",
        "audio/wav" => ".wav",
        "audio/mpeg" => ".mp3",
        "application/pdf" => ".pdf",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_bytes() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0\x12\x16\xf1\x4d";
        assert_eq!(sniff(png).map(|found| found.content_type), Some("image/png"));
        assert_eq!(sniff(b"\0\0\0\x18ftypmp42").map(|found| found.content_type), Some("video/mp4"));
        assert_eq!(sniff(b"<svg xmlns='http://www.w3.org/2000/svg'>"), None);
        assert_eq!(sniff(b""), None);
    }
}
