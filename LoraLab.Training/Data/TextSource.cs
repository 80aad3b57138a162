using System.Runtime.InteropServices;
using System.Text;

namespace LoraLab.Training.Data;

/// <summary>
/// The text of a file, decoded a line at a time: a large file is in memory once, as the bytes that were hashed, and not as a string.
/// </summary>
/// <param name="bytes">The checked bytes, without a byte-order mark.</param>
/// <param name="encoding">Their encoding, in which a line end is one byte.</param>
internal sealed class TextSource(ReadOnlyMemory<byte> bytes, Encoding encoding)
{
    private readonly byte _separator = bytes.Span.Contains((byte)'\n') ? (byte)'\n' : (byte)'\r';

    /// <summary>Whether there is nothing but white space.</summary>
    public bool IsBlank => AllLines().All(line => string.IsNullOrWhiteSpace(line.Line));

    /// <summary>The lines, split at LF or CRLF, or at CR where there is no LF, and numbered from 1; empty ones are skipped.</summary>
    public IEnumerable<(int Number, string Line)> Lines() => AllLines().Where(line => line.Line.Length > 0);

    /// <summary>All lines, empty ones too: they may be inside a row.</summary>
    public IEnumerable<(int Number, string Line)> AllLines()
    {
        int number = 0;
        for (int start = 0; start < bytes.Length;)
        {
            int end = bytes.Span[start..].IndexOf(_separator);
            int stop = end < 0 ? bytes.Length : start + end;
            int next = end < 0 ? bytes.Length : stop + 1;
            if (stop > start && bytes.Span[stop - 1] == '\r')
            {
                stop--;
            }

            yield return (++number, encoding.GetString(bytes.Span[start..stop]));
            start = next;
        }
    }

    /// <summary>A reader of the whole text.</summary>
    public TextReader Open() =>
        new StreamReader(Stream(), encoding, detectEncodingFromByteOrderMarks: false, bufferSize: 1 << 16);

    /// <summary>The whole text, for formats that are not read in lines.</summary>
    public override string ToString() => encoding.GetString(bytes.Span);

    private MemoryStream Stream() => MemoryMarshal.TryGetArray(bytes, out ArraySegment<byte> segment)
        ? new(segment.Array!, segment.Offset, segment.Count, writable: false)
        : new(bytes.ToArray(), writable: false);
}
