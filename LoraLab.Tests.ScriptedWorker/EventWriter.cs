using System.Text;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;

namespace LoraLab.Tests.ScriptedWorker;

/// <summary>Appends events to the attempt's file and repeats them on stdout.</summary>
internal sealed class EventWriter(string path) : IDisposable
{
    private readonly FileStream _file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
    private long _n;

    public void Write(WorkerEvent workerEvent)
    {
        string line = Line(workerEvent with { Number = ++_n, At = TimeProvider.System.GetUtcNow() });
        Raw(line + "\n");
        Console.WriteLine(line);
    }

    /// <summary>Writes an event in two parts with a pause in between, so that a reader sees an incomplete line.</summary>
    public void WriteInHalves(WorkerEvent workerEvent, int pause)
    {
        string line = Line(workerEvent with { Number = ++_n, At = TimeProvider.System.GetUtcNow() });
        Raw(line[..(line.Length / 2)]);
        Console.WriteLine("{}");
        Thread.Sleep(pause);
        Raw(line[(line.Length / 2)..] + "\n");
        Console.WriteLine(line);
    }

    public void Raw(string text)
    {
        _file.Write(Encoding.UTF8.GetBytes(text));
        _file.Flush();
    }

    public void Dispose() => _file.Dispose();

    private static string Line(WorkerEvent workerEvent) => JsonSerializer.Serialize(workerEvent, ContractJson.Options);
}
