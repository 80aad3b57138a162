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

    private readonly char[] _buffer = new char[16 * 1024];
    private readonly StringBuilder _line = new();
    private int _position;
    private int _length;
    private bool _cut;

    /// <summary>The next line, or null at the end.</summary>
    public async Task<string?> ReadAsync()
    {
        while (true)
        {
            if (_position == _length)
            {
                _length = await reader.ReadAsync(_buffer.AsMemory());
                _position = 0;
                if (_length == 0)
                {
                    return _line.Length > 0 ? Take() : null;
                }
            }

            int end = Array.IndexOf(_buffer, '\n', _position, _length - _position);
            Add(_buffer.AsSpan(_position..(end < 0 ? _length : end)));
            _position = end < 0 ? _length : end + 1;
            if (end >= 0)
            {
                return Take();
            }
        }
    }

    private void Add(ReadOnlySpan<char> piece)
    {
        int room = Longest - _line.Length;
        _cut |= piece.Length > room;
        _line.Append(piece.Length > room ? piece[..room] : piece);
    }

    private string Take()
    {
        string taken = _cut ? _line + Cut : _line.ToString().TrimEnd('\r');
        _line.Clear();
        _cut = false;
        return taken;
    }
}
