using System.Text;

namespace LoraLab.Server.Workers;

/// <summary>
/// Lines of a stream, truncated to a maximum length: a process that never ends its line must not exhaust the server's memory.
/// </summary>
internal sealed class BoundedLines(TextReader reader)
{
    /// <summary>Maximum characters per line; the inspector's responses are far shorter.</summary>
    private const int Longest = 4 << 20;

    private const string Cut = " …";

    private readonly char[] buffer = new char[16 * 1024];
    private readonly StringBuilder line = new();
    private int position;
    private int length;
    private bool cut;

    /// <summary>The next line, or null at the end.</summary>
    public async Task<string?> ReadAsync()
    {
        while (true)
        {
            if (position == length)
            {
                length = await reader.ReadAsync(buffer.AsMemory());
                position = 0;
                if (length == 0)
                {
                    return line.Length > 0 ? Take() : null;
                }
            }

            int end = Array.IndexOf(buffer, '\n', position, length - position);
            Add(buffer.AsSpan(position..(end < 0 ? length : end)));
            position = end < 0 ? length : end + 1;
            if (end >= 0)
            {
                return Take();
            }
        }
    }

    private void Add(ReadOnlySpan<char> piece)
    {
        int room = Longest - line.Length;
        cut |= piece.Length > room;
        line.Append(piece.Length > room ? piece[..room] : piece);
    }

    private string Take()
    {
        string taken = cut ? line + Cut : line.ToString().TrimEnd('\r');
        line.Clear();
        cut = false;
        return taken;
    }
}
