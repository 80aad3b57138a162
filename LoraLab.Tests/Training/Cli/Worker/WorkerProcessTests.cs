using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Cli.Worker;
using LoraLab.Training.Training.Recording;
using Xunit;

namespace LoraLab.Tests.Training.Cli.Worker;

/// <summary>The real trainer in its own process, over its pipes.</summary>
public sealed class WorkerProcessTests : IDisposable
{
    private static readonly TimeSpan _timeout = TimeSpan.FromSeconds(60);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("loralab-worker-");

    [Fact]
    public void Worker_GivenARun_ExecutesItAndExits()
    {
        string run = NewRun(MicroSpec.For("lora"));
        using Process worker = Start("worker");

        Send(worker, new WorkerCommand { RunDirectory = run });
        string output = worker.StandardOutput.ReadToEnd();

        Assert.True(worker.WaitForExit(_timeout));
        Assert.Equal(ExitCodes.Success, worker.ExitCode);
        string[] events = File.ReadAllLines(Path.Combine(run, RunFiles.Attempt(1), RunFiles.Events));
        Assert.Equal(events, output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.True(File.Exists(Path.Combine(run, RunFiles.Adapter, "adapter_model.safetensors")));
        Assert.Contains("ended: finished", worker.StandardError.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Worker_Cancelled_EndsAsCancelledWithinTwoSeconds()
    {
        string run = NewRun(Endless());
        using Process worker = Start("worker");
        Send(worker, new WorkerCommand { RunDirectory = run });
        WaitForTraining(worker);

        long requested = Stopwatch.GetTimestamp();
        Send(worker, new WorkerCommand { Cancel = true });

        Assert.True(worker.WaitForExit(_timeout));
        Assert.InRange(Stopwatch.GetElapsedTime(requested).TotalSeconds, 0, 2);
        Assert.Equal(EndReason.Cancelled, FinishedRun.Read(run).Ended.Reason);
    }

    [Fact]
    public void Worker_ServerGone_LeavesTheRunUnfinishedAndExits()
    {
        string run = NewRun(Endless());
        using Process worker = Start("worker");
        Send(worker, new WorkerCommand { RunDirectory = run });
        WaitForTraining(worker);

        worker.StandardInput.Close();

        Assert.True(worker.WaitForExit(TimeSpan.FromSeconds(5)));
        AssertLeft(worker, run);
    }

    [Theory]
    [InlineData("TERM")]
    public void Worker_TerminatedByTheSystem_SavesACheckpointAndLeavesTheRunUnfinished(string signal)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Signals are for Unix.");
        }

        string run = NewRun(Endless());
        using Process worker = Start("worker");
        Send(worker, new WorkerCommand { RunDirectory = run });
        WaitForTraining(worker);

        using Process kill = Process.Start("kill", ["-" + signal, worker.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);

        Assert.True(worker.WaitForExit(_timeout));
        AssertLeft(worker, run);
    }

    [Fact]
    public async Task CommandReader_ProcessThatOutlivesTheServer_IsOverdue()
    {
        using StopSignal stop = new();
        TaskCompletionSource overdue = new();

        CommandReader reader = new(new StringReader("""{"run":"somewhere"}"""), stop, TimeSpan.FromMilliseconds(20), overdue.SetResult);

        await overdue.Task.WaitAsync(_timeout, TestContext.Current.CancellationToken);
        Assert.Equal("somewhere", (await reader.First)?.RunDirectory);
        Assert.True(stop.Token.IsCancellationRequested);
        Assert.NotNull(stop.Abandoned);
    }

    [Fact]
    public void Worker_ServerGoneBeforeARun_ExitsWithoutAnError()
    {
        using Process worker = Start("worker");

        worker.StandardInput.Close();

        Assert.True(worker.WaitForExit(TimeSpan.FromSeconds(20)));
        // Where loading the engine takes longer than the grace after the end of stdin, it kills itself, as a busy one does.
        Assert.True(worker.ExitCode is ExitCodes.Success or 128 + 9, $"Exit code {worker.ExitCode}.");
        Assert.Equal(("", ""), (worker.StandardOutput.ReadToEnd(), worker.StandardError.ReadToEnd()));
    }

    [Fact]
    public void Worker_InvalidCommand_IsBadUsage()
    {
        using Process worker = Start("worker");

        worker.StandardInput.WriteLine("run, please");
        worker.StandardInput.Flush();

        Assert.True(worker.WaitForExit(_timeout));
        Assert.Equal(ExitCodes.BadUsage, worker.ExitCode);
    }

    [Fact]
    public void Preload_BeforeARun_ChangesNothingOfIt()
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("lora");
        byte[] cold = Adapter(trainer.Run(spec));

        Preload.Run(trainer.Services, CancellationToken.None);

        Assert.Equal(cold, Adapter(trainer.Run(spec)));
        static byte[] Adapter(FinishedRun run) =>
            File.ReadAllBytes(Path.Combine(run.Folder, RunFiles.Adapter, "adapter_model.safetensors"));
    }

    [Fact]
    public void Inspect_AnswersByLineUntilItsInputEnds()
    {
        using Process inspector = Start("inspect");
        inspector.StandardInput.WriteLine("""{"id":7,"ask":"methods"}""");
        inspector.StandardInput.WriteLine("""{"id":8,"ask":"validate","spec":{"rank":0}}""");
        inspector.StandardInput.WriteLine("""{"id":9,"ask":"weather"}""");
        inspector.StandardInput.Close();

        InspectResponse[] responses = [.. inspector.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<InspectResponse>(line, ContractJson.Options)!)];

        Assert.Equal([7, 8, 9], responses.Select(response => response.Id));
        Assert.Equal(LoraMethods.All.Select(method => method.Id), responses[0].Methods!.Select(method => method.Id));
        Assert.Equal("rank", Assert.Single(responses[1].Validation!.Errors).Field);
        Assert.Contains("weather", responses[2].Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("methods", "lora-xs")]
    [InlineData("doctor", "libtorch")]
    public void CommandLine_Command_PrintsItsOutput(string verb, string part)
    {
        using Process process = Start(verb);

        string output = process.StandardOutput.ReadToEnd();

        Assert.True(process.WaitForExit(_timeout));
        Assert.Equal(ExitCodes.Success, process.ExitCode);
        Assert.Contains(part, output, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>No end event, so that the run can resume, and a checkpoint of the last recorded step.</summary>
    private static void AssertLeft(Process worker, string run)
    {
        Assert.Equal(ExitCodes.Abandoned, worker.ExitCode);
        FinishedRun left = FinishedRun.Read(run);
        Assert.DoesNotContain(left.Events, happened => happened is AttemptEnded);
        int saved = left.Events.OfType<CheckpointSaved>().Last().Step;
        Assert.Equal(left.Series(LoraLab.Contracts.Metrics.MetricKeys.TrainLoss).Keys.Max(), saved);
        Assert.True(Directory.Exists(Path.Combine(run, RunFiles.Checkpoints, $"step-{saved:00000000}")));
    }

    private static JsonObject Endless()
    {
        JsonObject spec = MicroSpec.For("lora");
        spec["epochs"] = 100_000;
        spec["evalEvery"] = 1_000_000;
        return spec;
    }

    private static Process Start(string verb)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "LoraLab.Training.dll");
        // Background test runs ignore SIGINT, and child processes inherit that; a worker of a real server does not.
        string[] command = OperatingSystem.IsLinux()
            ? ["env", "--default-signal=INT,TERM", "dotnet", program, verb]
            : ["dotnet", program, verb];
        ProcessStartInfo start = new(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LORALAB_HOME"] = Fixtures.RepositoryRoot;
        return Process.Start(start)!;
    }

    private static void Send(Process worker, WorkerCommand command)
    {
        worker.StandardInput.WriteLine(JsonSerializer.Serialize(command, ContractJson.Options));
        worker.StandardInput.Flush();
    }

    private static void WaitForTraining(Process worker)
    {
        while (worker.StandardOutput.ReadLine() is string line)
        {
            if (line.Contains("\"train/loss\"", StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail("The worker ended before it trained.");
    }

    private string NewRun(JsonObject spec)
    {
        string run = Directory.CreateDirectory(Path.Combine(_folder.FullName, Guid.NewGuid().ToString("N"))).FullName;
        File.WriteAllText(Path.Combine(run, RunFiles.Spec), spec.ToJsonString());
        return run;
    }
}
