namespace LoraLab.Server.Storage.LiteDb;

/// <summary>
/// A database file as a stream for LiteDB. Nothing is buffered and a flush reaches the disk, so that a failed write leaves nothing
/// in memory. The server closes it itself, because LiteDB keeps its own files open after a disk-full error.
/// </summary>
internal sealed class DatabaseStream : Stream
{
    /// <summary>LiteDB's page size; bytes after the last whole page are a torn write.</summary>
    public const int PageBytes = 8192;

    private readonly FileStream _file;

    public DatabaseStream(string path)
    {
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        if (_file.Length % PageBytes != 0)
        {
            _file.SetLength(_file.Length - (_file.Length % PageBytes));
        }
    }

    public override bool CanRead => _file.CanRead;

    public override bool CanSeek => _file.CanSeek;

    public override bool CanWrite => _file.CanWrite;

    public override long Length => _file.Length;

    public override long Position
    {
        get => _file.Position;
        set => _file.Position = value;
    }

    public override void Flush() => _file.Flush(flushToDisk: true);

    public override int Read(byte[] buffer, int offset, int count) =>
        _file.ReadAtLeast(buffer.AsSpan(offset, count), count, throwOnEndOfStream: false);

    public override long Seek(long offset, SeekOrigin origin) => _file.Seek(offset, origin);

    public override void SetLength(long value) => _file.SetLength(value);

    public override void Write(byte[] buffer, int offset, int count) => _file.Write(buffer, offset, count);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file.Dispose();
        }

        base.Dispose(disposing);
    }
}
