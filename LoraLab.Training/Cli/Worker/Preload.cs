using System.Text.Json.Nodes;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Recording;

namespace LoraLab.Training.Cli.Worker;

/// <summary>
/// Prepares an idle worker: loads the tensor library and trains the bundled toy model for two steps on the CPU, so that the code of
/// its run is compiled. It leaves no model, file or GPU memory behind. A run that arrives stops it.
/// </summary>
internal static class Preload
{
    /// <summary>Preloads until done or cancelled.</summary>
    public static void Run(TrainerServices services, CancellationToken cancellation)
    {
        // If the library cannot be loaded, the run reports it.
        if (TorchRuntime.LoadProblem() is not null || cancellation.IsCancellationRequested)
        {
            return;
        }

        try
        {
            string folder = Directory.CreateTempSubdirectory("loralab-idle-").FullName;
            try
            {
                Train(services, folder, cancellation);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The temporary folder is full or not writable: the run compiles its code itself.
        }

        // The peak memory of the run is measured: release the memory of the toy model.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private static void Train(TrainerServices services, string folder, CancellationToken cancellation)
    {
        RunSpec spec = new()
        {
            Model = BundledSample.Name,
            Dataset = BundledSample.Name,
            TrainSamples = 4,
            EffectiveBatch = 2,
            EvalSamples = 2,
            Device = "cpu",
        };
        RunDirectory directory = new(folder);
        using StopSignal stop = new();
        using CancellationTokenRegistration registration = cancellation.Register(stop.Cancel);
        using EventLog events = new(directory.AttemptFolder(1), services.Clock);
        RunRecorder recorder = new(directory, events, new RunLog(_ => { }, services.Clock), services.Clock);
        directory.WriteSpec(spec);
        services.Attempt(recorder, stop).Execute(JsonNode.Parse(directory.ReadSpec().GetRawText()));
    }
}
