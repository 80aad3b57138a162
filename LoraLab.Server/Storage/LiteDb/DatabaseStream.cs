namespace LoraLab.Server.Storage.LiteDb;

/// <summary>
/// A database file as a stream for LiteDB. Nothing is buffered and a flush reaches the disk, so that a failed write leaves nothing
/// in memory. The server closes it itself, because LiteDB keeps its own files open after a disk-full error.
/// </summary>
internal sealed class DatabaseStream : Stream
{
    /// <summary>LiteDB's page size; bytes after the last whole page are a torn write.</summary>
    public const int PageBytes = 8192;

    private readonly FileStream file;

    public DatabaseStream(string path)
    {
        file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        if (file.Length % PageBytes != 0)
        {
            file.SetLength(file.Length - (file.Length % PageBytes));
        }
    }

    public override bool CanRead => file.CanRead;

    public override bool CanSeek => file.CanSeek;

    public override bool CanWrite => file.CanWrite;

    public override long Length => file.Length;

    public override long Position
    {
        get => file.Position;
        set => file.Position = value;
    }

    public override void Flush() => file.Flush(flushToDisk: true);

    public override int Read(byte[] buffer, int offset, int count) => file.ReadAtLeast(buffer.AsSpan(offset, count), count, throwOnEndOfStream: false);

    public override long Seek(long offset, SeekOrigin origin) => file.Seek(offset, origin);

    public override void SetLength(long value) => file.SetLength(value);

    public override void Write(byte[] buffer, int offset, int count) => file.Write(buffer, offset, count);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
        }

        base.Dispose(disposing);
    }
}
