using LoraLab.Training.Files;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Specs;
using LoraLab.Training.Tasks;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Memory;
using LoraLab.Training.Training.Recording;

namespace LoraLab.Training.Cli;

/// <summary>The trainer's services, composed without a container: they are few, and a worker starts faster.</summary>
public sealed class TrainerServices
{
    /// <summary>Creates the services for a configuration.</summary>
    /// <param name="configuration">Catalog roots and memory budget.</param>
    /// <param name="clock">Clock.</param>
    /// <param name="allowPaths">True on the command line, where <c>initFrom</c> may be any path.</param>
    /// <param name="tasks">Tasks of the datasets; null: those of the trainer.</param>
    public TrainerServices(TrainingConfiguration configuration, TimeProvider clock, bool allowPaths = false, TaskRegistry? tasks = null)
    {
        Configuration = configuration;
        Clock = clock;
        Models = new ModelCatalog(configuration);
        Datasets = new DatasetCatalog(configuration, tasks);
        Adapters = new AdapterCatalog(Models, configuration.DataDirectory, allowPaths);
        Validator = new SpecValidator(Models, Datasets, Adapters, configuration.MemoryBudgetMb);
    }

    /// <summary>Catalog roots and memory budget.</summary>
    public TrainingConfiguration Configuration { get; }

    /// <summary>Clock.</summary>
    public TimeProvider Clock { get; }

    /// <summary>Models by name.</summary>
    public ModelCatalog Models { get; }

    /// <summary>Datasets by name.</summary>
    public DatasetCatalog Datasets { get; }

    /// <summary>Adapters by name, for <c>initFrom</c>.</summary>
    public AdapterCatalog Adapters { get; }

    /// <summary>Validates specifications.</summary>
    public SpecValidator Validator { get; }

    /// <summary>Creates the service that loads runs.</summary>
    public RunPreparation Preparation() => new(Models, Datasets, Adapters, Configuration.SvdCache);

    /// <summary>Creates the service that estimates the memory of runs.</summary>
    public RunMemory Memory() => new(Models, Datasets);

    /// <summary>Creates an attempt at a run.</summary>
    /// <param name="recorder">Records events and results.</param>
    /// <param name="stop">Signals the run to stop.</param>
    public RunAttempt Attempt(RunRecorder recorder, StopSignal stop) => new(Validator, Preparation(), recorder, stop);
}
