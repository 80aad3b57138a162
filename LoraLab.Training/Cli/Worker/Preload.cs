using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Recording;

namespace LoraLab.Training.Cli.Worker;

/// <summary>
/// What an idle worker does while it waits: loads the tensor library and trains the bundled toy for two steps on the CPU, so that the
/// code its run will need is compiled. Nothing of it stays: no model, no file, no GPU memory. A run that comes meanwhile ends it.
/// </summary>
internal static class Preload
{
    /// <summary>Rehearses until done, or until <paramref name="enough"/> is set.</summary>
    public static void Run(TrainerServices services, CancellationToken enough)
    {
        // A cold worker needs the library anyway; what keeps it from loading is the run's to tell.
        if (TorchRuntime.LoadProblem() is not null || enough.IsCancellationRequested)
        {
            return;
        }

        try
        {
            string folder = Directory.CreateTempSubdirectory("loralab-idle-").FullName;
            try
            {
                Train(services, folder, enough);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full or forbidden temporary folder: the first run compiles its code itself.
        }

        // The run's own peak memory is measured: give back what the toy took.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private static void Train(TrainerServices services, string folder, CancellationToken enough)
    {
        RunSpec spec = new() { Model = CatalogFolders.Bundled, Dataset = CatalogFolders.Bundled, TrainSamples = 4, EffectiveBatch = 2, EvalSamples = 2, Device = "cpu" };
        RunDirectory directory = new(folder);
        using StopSignal stop = new();
        using CancellationTokenRegistration end = enough.Register(stop.Cancel);
        using EventLog events = new(directory.AttemptFolder(1), services.Clock);
        RunRecorder recorder = new(directory, events, new RunLog(_ => { }, services.Clock), services.Clock);
        directory.WriteSpec(spec);
        services.Execution().Execute(JsonNode.Parse(directory.ReadSpec().GetRawText()), recorder, stop);
    }
}
