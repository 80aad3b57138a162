using System.Text;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>Reads the logs of attempts by byte offset, without splitting characters.</summary>
internal sealed class RunLogs(LoraLabPaths paths)
{
    public string PathOf(string runId, int attempt) =>
        Path.Combine(paths.RunDirectory(runId), RunFiles.Attempt(attempt), RunFiles.Log);

    /// <summary>Reads from <paramref name="offset"/>, at most <paramref name="maximumBytes"/>.</summary>
    public LogChunk Read(string runId, int attempt, long offset, int maximumBytes)
    {
        FileInfo file = new(PathOf(runId, attempt));
        if (!file.Exists || offset >= file.Length)
        {
            return new LogChunk(offset, offset, "");
        }

        byte[] bytes = new byte[(int)Math.Min(maximumBytes, file.Length - offset)];
        using FileStream stream = new(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Seek(offset, SeekOrigin.Begin);
        int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);

        int start = 0;
        while (offset > 0 && start < length && IsContinuation(bytes[start]))
        {
            start++;
        }

        int end = WholeCharacters(bytes, length);
        return end <= start
            ? new LogChunk(offset, offset + length, "")
            : new LogChunk(offset + start, offset + end, Encoding.UTF8.GetString(bytes, start, end - start));
    }

    /// <summary>The end of the last attempt's log, starting at a line boundary if possible.</summary>
    public LogChunk ReadTail(RunDocument run, int bytes)
    {
        int attempt = Math.Max(1, run.Attempts.Count);
        FileInfo file = new(PathOf(run.Id, attempt));
        long offset = file.Exists ? Math.Max(0, file.Length - bytes) : 0;
        LogChunk chunk = Read(run.Id, attempt, offset, bytes);
        int line = offset == 0 ? -1 : chunk.Text.IndexOf('\n');
        return line < 0
            ? chunk
            : chunk with
            {
                Offset = chunk.Offset + Encoding.UTF8.GetByteCount(chunk.Text.AsSpan(0, line + 1)),
                Text = chunk.Text[(line + 1)..],
            };
    }

    public IReadOnlyList<string> LastLines(string runId, int attempt, int lines)
    {
        FileInfo file = new(PathOf(runId, attempt));
        if (!file.Exists)
        {
            return [];
        }

        const int Window = 64 * 1024;
        string text = Read(runId, attempt, Math.Max(0, file.Length - Window), Window).Text;
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r')).TakeLast(lines)];
    }

    /// <summary>The last lines with their start offset.</summary>
    public LogChunk ReadLastLines(string runId, int attempt, int lines)
    {
        FileInfo file = new(PathOf(runId, attempt));
        const int Window = 1 << 20;
        long from = file.Exists ? Math.Max(0, file.Length - Window) : 0;
        LogChunk chunk = Read(runId, attempt, from, Window);
        int start = chunk.Text.Length - (chunk.Text.EndsWith('\n') ? 1 : 0);
        for (int i = 0; i < lines && start > 0; i++)
        {
            start = chunk.Text.LastIndexOf('\n', start - 1);
        }

        start = start < 0 ? 0 : Math.Min(start + 1, chunk.Text.Length);
        return start == 0 || chunk.Text.Length == 0
            ? chunk
            : chunk with { Offset = chunk.Offset + Encoding.UTF8.GetByteCount(chunk.Text.AsSpan(0, start)), Text = chunk.Text[start..] };
    }

    private static bool IsContinuation(byte value) => (value & 0xc0) == 0x80;

    /// <summary>Length without an incomplete last character.</summary>
    private static int WholeCharacters(byte[] bytes, int length)
    {
        int last = length - 1;
        while (last >= 0 && length - last < 4 && IsContinuation(bytes[last]))
        {
            last--;
        }

        if (last < 0)
        {
            return length;
        }

        int size = bytes[last] switch { < 0x80 => 1, >= 0xf0 => 4, >= 0xe0 => 3, >= 0xc0 => 2, _ => 1 };
        return last + size > length ? last : length;
    }
}
