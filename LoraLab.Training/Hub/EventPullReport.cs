using System.Diagnostics;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;

namespace LoraLab.Training.Hub;

/// <summary>Writes a download as JSON lines for the server, progress at most four times per second.</summary>
/// <param name="output">Receives the lines.</param>
internal sealed class EventPullReport(TextWriter output) : IPullReport
{
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(250);

    private readonly Stopwatch _sinceLast = new();

    public async Task DownloadAsync(IReadOnlyList<HubFile> files, Func<HubFile, Action<long>, Task> fetch)
    {
        long? total = files.All(file => file.Size is not null) ? files.Sum(file => file.Size) : null;
        long complete = 0;
        for (int i = 0; i < files.Count; i++)
        {
            long arrived = 0;
            PullEvent Current(long bytes) => new()
            {
                File = files[i].Path,
                Files = i,
                TotalFiles = files.Count,
                Bytes = complete + bytes,
                TotalBytes = total,
            };
            Write(Current(0));
            await fetch(files[i], bytes =>
            {
                arrived = bytes;
                if (_sinceLast.Elapsed >= _interval)
                {
                    Write(Current(bytes));
                }
            }).ConfigureAwait(false);
            complete += arrived;
        }

        Write(new() { Files = files.Count, TotalFiles = files.Count, Bytes = complete, TotalBytes = total ?? complete });
    }

    public void Say(string line) => Write(new() { Message = line });

    public void Done(string name, string folder, string? commit, string? revision) => Write(new() { Completed = true, Commit = commit });

    public void Failed(string message) => Write(new() { Error = message });

    public void Stopped(string name)
    {
    }

    private void Write(PullEvent line)
    {
        _sinceLast.Restart();
        output.WriteLine(JsonSerializer.Serialize(line, ContractJson.Options));
        output.Flush();
    }
}
