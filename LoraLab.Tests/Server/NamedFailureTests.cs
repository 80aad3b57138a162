using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Safetensors;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>Failures of real runs in the real trainer, and their stored end reasons.</summary>
public sealed class NamedFailureTests(RealServer real) : IClassFixture<RealServer>
{
    private const string NoProc = "It uses Linux's own means to limit a process.";
    // A pass over a thousand sentences, while other tests execute.
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Diverged_AbsurdRate_StopsAtOnceAndKeepsTheLastGoodCheckpoint()
    {
        JsonObject spec = MicroSpec.For("lora");
        // The warmup steps are harmless; the first step at the full rate is not.
        (spec["learningRate"], spec["maxGradNorm"], spec["trainSamples"], spec["warmupSteps"], spec["schedule"]) =
            (1e38, null, 320, 4, "constant");
        (spec["maxSteps"], spec["effectiveBatch"], spec["evalEvery"]) = (40, 8, 1);

        RunDocument run = await EndAsync(spec);

        Assert.Equal((RunState.Failed, EndReason.Diverged), (run.State, run.EndReason));
        Assert.InRange(run.Progress.Step, 1, 6);
        Assert.Contains("lower learningRate", run.Error, StringComparison.Ordinal);
        AssertTail(run, run.Error!);
        RequireWholeCheckpoint(run);
        RunSuggestion calmer = Assert.Single(run.Suggestions, suggestion => suggestion.Changes.ContainsKey("learningRate"));
        Assert.Equal(1e37, (double)calmer.Changes["learningRate"]!);
    }

    [Fact]
    public async Task BudgetExceeded_ByFar_EndsBeforeTheWeightsAreLoadedAndNamesABudgetThatHolds()
    {
        JsonObject spec = MicroSpec.For("lora");
        spec["memoryBudgetMb"] = 20;

        RunDocument run = await EndAsync(spec);

        Assert.Equal((RunState.Failed, EndReason.BudgetExceeded), (run.State, run.EndReason));
        Assert.Null(run.Attempts[0].Environment);
        Assert.Contains("the budget is 20 MiB", run.Error, StringComparison.Ordinal);
        AssertTail(run, run.Error!);
        RunDocument clone = await CloneAsync(run, Assert.Single(run.Suggestions));
        Assert.True(clone.State == RunState.Completed, $"{clone.Error} Suggested after: {run.Error}");
    }

    [Fact]
    public async Task BudgetExceeded_MissedByTheEstimate_IsCaughtByTheProbeAndSuggestsWhatFits()
    {
        RequireMeasuring();
        JsonObject spec = MicroSpec.For("lora");
        (spec["effectiveBatch"], spec["trainSamples"], spec["packTokens"], spec["evalSamples"]) = (1000, 1000, 100_000, 8);
        // A budget that is never reached, so that the process is the same as with the budget that is.
        spec["memoryBudgetMb"] = 100_000;
        RunDocument free = await EndAsync(spec);
        double probed = free.Attempts[0].Environment!.ProbeMemoryMb!.Value;
        MemoryEstimate estimate = await real.Api.SendAsync<MemoryEstimate>(HttpMethod.Post, "/api/v1/estimate", spec.ToJsonString());
        // Above what the estimate would reject, and below what a step takes.
        int budget = (int)Math.Max((estimate.TotalMb / 1.1) + 15, 0.8 * free.Summary.PeakMemoryMb!.Value);
        Assert.True(
            budget < Math.Min(probed, free.Summary.PeakMemoryMb.Value) - 20,
            $"estimate {estimate.TotalMb}, probe {probed}, peak {free.Summary.PeakMemoryMb}");
        spec["memoryBudgetMb"] = budget;

        RunDocument run = await EndAsync(spec);

        Assert.Equal((RunState.Failed, EndReason.BudgetExceeded), (run.State, run.EndReason));
        Assert.Contains("largest window needs", run.Error, StringComparison.Ordinal);
        Assert.Equal(0, run.Progress.Step);
        RunSuggestion smaller = Assert.Single(run.Suggestions, suggestion => suggestion.Changes.ContainsKey("packTokens"));
        RunDocument clone = await CloneAsync(run, smaller);
        Assert.True(clone.State == RunState.Completed, clone.Error);
        Assert.InRange(clone.Summary.PeakMemoryMb!.Value, 1, budget);
        Assert.Null(clone.Summary.BudgetExceededMb);
    }

    [Fact]
    public async Task Budget_ExceededLater_IsFlaggedAndTheRunGoesOn()
    {
        RequireMeasuring();
        JsonObject spec = MicroSpec.For("lora");
        // Passes of one sentence, and evaluations over all rows, which take more memory than the probe.
        (spec["effectiveBatch"], spec["trainSamples"], spec["evalSamples"], spec["evalEvery"]) = (1, 12, null, 6);
        // A budget that is never reached, so that the process is the same as with the budget that is.
        spec["memoryBudgetMb"] = 100_000;
        RunDocument free = await EndAsync(spec);
        double probed = free.Attempts[0].Environment!.ProbeMemoryMb!.Value;
        double peak = free.Summary.PeakMemoryMb!.Value;
        Assert.True(peak > probed + 8, $"probe {probed}, peak {peak}");
        spec["memoryBudgetMb"] = (int)((probed + peak) / 2);

        RunDocument run = await EndAsync(spec);

        Assert.Equal((RunState.Completed, EndReason.Finished), (run.State, run.EndReason));
        Assert.True(run.Summary.BudgetExceededMb > 0);
        Assert.Contains(run.Warnings, warning =>
            warning.Contains($"above the budget of {NumberFormat.Mebibytes((int)spec["memoryBudgetMb"]!)}", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task OutOfMemory_LimitedAddressSpace_HasItsNameAndTheNextRunIsFine()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), NoProc);
        int idle = await IdleWorkerAsync();
        long limit = Kibibytes(idle, "VmSize:") + (400 << 10);
        using (Process limiting = Process.Start("prlimit", [$"--pid={idle}", $"--as={limit << 10}"]))
        {
            await limiting.WaitForExitAsync();
            Assert.Equal(0, limiting.ExitCode);
        }

        JsonObject spec = MicroSpec.For("lora");
        (spec["effectiveBatch"], spec["trainSamples"], spec["packTokens"]) = (2000, 2000, 100_000);
        RunDocument run = await EndAsync(spec);

        Assert.Equal(idle, run.Attempts[0].ProcessId);
        Assert.Equal((RunState.Failed, EndReason.OutOfMemory), (run.State, run.EndReason));
        Assert.Contains("ran out of memory", run.Error, StringComparison.Ordinal);
        AssertTail(run, "allocate");
        Assert.Contains(run.Suggestions, suggestion => suggestion.Changes.ContainsKey("packTokens"));
        Assert.Equal(RunState.Completed, (await EndAsync(MicroSpec.For("lora"))).State);
    }

    // The peaks of two processes are compared to within some MiB, which is not reproducible on a machine with other load.
    [Fact]
    public async Task FileWrittenWhileTheRunWaited_TrainsWithWhatIsThereAndSaysWhichChanged()
    {
        string train = CopyOfSampleData("grown");
        long before = new FileInfo(train).Length;

        RunDocument run = await ChangedWhileItWaitedAsync("grown", () => File.AppendAllText(train, "a line that came later\t1\n"));

        Assert.Equal((RunState.Completed, null), (run.State, run.Error));
        string warning = Assert.Single(run.Warnings, sentence => sentence.Contains("after the run was queued", StringComparison.Ordinal));
        Assert.StartsWith(
            string.Create(CultureInfo.InvariantCulture, $"grown/train.tsv changed after the run was queued, from {before:#,0} bytes"),
            warning,
            StringComparison.Ordinal);
        Assert.Contains(
            $"warning: {warning}",
            File.ReadAllText(Path.Combine(real.Server.DataDirectory, "runs", run.Id, RunFiles.Attempt(1), RunFiles.Log)),
            StringComparison.Ordinal);

        JsonObject again = MicroSpec.For("lora");
        again["dataset"] = "grown";
        Assert.DoesNotContain((await EndAsync(again)).Warnings, sentence =>
            sentence.Contains("after the run was queued", StringComparison.Ordinal));
    }

    [Fact]
    public async Task BadData_FileSpoiledWhileTheRunWaited_SaysThatItChanged()
    {
        string train = CopyOfSampleData("spoiled");

        RunDocument run = await ChangedWhileItWaitedAsync("spoiled", () => File.AppendAllText(train, "a line of no label\tperhaps\n"));

        Assert.Equal((RunState.Failed, EndReason.BadData), (run.State, run.EndReason));
        Assert.Contains("the label 'perhaps' is unknown", run.Error, StringComparison.Ordinal);
        Assert.Contains("spoiled/train.tsv changed after the run was queued", run.Error, StringComparison.Ordinal);
    }

    private string CopyOfSampleData(string name)
    {
        string folder = Directory.CreateDirectory(Path.Combine(real.Server.DataDirectory, "datasets", name)).FullName;
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Fixtures.RepositoryRoot, "samples", "data")))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        return Path.Combine(folder, "train.tsv");
    }

    private async Task<RunDocument> ChangedWhileItWaitedAsync(string dataset, Action change)
    {
        JsonObject spec = MicroSpec.For("lora");
        spec["dataset"] = dataset;
        await PauseAsync(true);
        RunDocument waiting = await real.Api.SubmitAsync(spec.ToJsonString());
        change();
        await PauseAsync(false);
        return await real.Api.WaitForEndAsync(waiting.Id, _patience);
    }

    private Task PauseAsync(bool paused) =>
        real.Api.SendAsync<QueueDocument>(HttpMethod.Patch, ApiRoutes.Queue, paused ? """{"paused":true}""" : """{"paused":false}""");

    private static void RequireMeasuring() =>
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("LORALAB_MEMORY_CELLS") == "1",
            "It compares the peaks of two processes on a machine with nothing else on it: set LORALAB_MEMORY_CELLS=1 to run it.");

    private async Task<RunDocument> EndAsync(JsonObject spec) =>
        await real.Api.WaitForEndAsync((await real.Api.SubmitAsync(spec.ToJsonString())).Id, _patience);

    private async Task<RunDocument> CloneAsync(RunDocument run, RunSuggestion suggestion)
    {
        RunDocument clone = await real.Api.SendAsync<RunDocument>(
            HttpMethod.Post, $"/api/v1/runs/{run.Id}/clone", suggestion.Changes.ToJsonString(), System.Net.HttpStatusCode.Created);
        return await real.Api.WaitForEndAsync(clone.Id, _patience);
    }

    private static void AssertTail(RunDocument run, string text)
    {
        Assert.InRange(run.LogTail.Count, 1, 50);
        Assert.Contains(text, string.Join('\n', run.LogTail), StringComparison.Ordinal);
    }

    private void RequireWholeCheckpoint(RunDocument run)
    {
        string folder = Directory.EnumerateDirectories(Path.Combine(real.Server.DataDirectory, "runs", run.Id, RunFiles.Checkpoints))
            .Order(StringComparer.Ordinal).Last();
        JsonElement state = JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(Path.Combine(folder, "state.json")));
        Assert.Equal(run.Attempts[^1].CheckpointStep, state.GetProperty("step").GetInt32());
        using SafetensorsFile tensors = SafetensorsFile.Open(Path.Combine(folder, "state.safetensors"), field: null);
        Assert.All(tensors.Tensors.Keys, name =>
        {
            using TorchSharp.torch.Tensor tensor = tensors.ToTensor(name);
            Assert.True(tensor.isfinite().all().item<bool>(), name);
        });
    }

    /// <summary>The warm worker, once it has finished preloading.</summary>
    private async Task<int> IdleWorkerAsync()
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (waited.Elapsed < _patience)
        {
            if (Workers().FirstOrDefault() is int worker and > 0)
            {
                TimeSpan before = CpuTime(worker);
                await Task.Delay(1000);
                if (Kibibytes(worker, "VmRSS:") > 120 << 10 && CpuTime(worker) - before < TimeSpan.FromMilliseconds(100))
                {
                    return worker;
                }
            }

            await Task.Delay(100);
        }

        throw new TimeoutException("No worker became idle.");
    }

    private IEnumerable<int> Workers()
    {
        foreach (int id in Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => name!.All(char.IsAsciiDigit))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture)))
        {
            string command, environment;
            try
            {
                (command, environment) = (File.ReadAllText($"/proc/{id}/cmdline"), File.ReadAllText($"/proc/{id}/environ"));
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                continue;
            }

            if (command.EndsWith("\0worker\0", StringComparison.Ordinal)
                && environment.Contains(real.Server.DataDirectory, StringComparison.Ordinal))
            {
                yield return id;
            }
        }
    }

    private static TimeSpan CpuTime(int id)
    {
        using Process process = Process.GetProcessById(id);
        return process.TotalProcessorTime;
    }

    private static long Kibibytes(int id, string key)
    {
        string line = File.ReadLines($"/proc/{id}/status").First(line => line.StartsWith(key, StringComparison.Ordinal));
        return long.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
    }
}
