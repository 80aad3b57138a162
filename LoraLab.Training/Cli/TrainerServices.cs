using LoraLab.Training.Data;
using LoraLab.Training.Files;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Specs;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Memory;

namespace LoraLab.Training.Cli;

/// <summary>The parts of the trainer, put together by hand: there are few, and a worker starts faster without a container.</summary>
public sealed class TrainerServices
{
    /// <summary>The parts for a configuration.</summary>
    /// <param name="configuration">Roots and budget.</param>
    /// <param name="clock">Time.</param>
    /// <param name="allowPaths">True on the command line, where <c>initFrom</c> may name any path.</param>
    public TrainerServices(TrainingConfiguration configuration, TimeProvider clock, bool allowPaths = false)
    {
        Configuration = configuration;
        Clock = clock;
        Models = new ModelCatalog(configuration);
        Datasets = new DatasetCatalog(configuration);
        Adapters = new AdapterCatalog(Models, configuration.DataDirectory, allowPaths);
        Validator = new SpecValidator(Models, Datasets, Adapters, configuration.MemoryBudgetMb);
    }

    /// <summary>Roots and budget.</summary>
    public TrainingConfiguration Configuration { get; }

    /// <summary>Time.</summary>
    public TimeProvider Clock { get; }

    /// <summary>Models by name.</summary>
    public ModelCatalog Models { get; }

    /// <summary>Data sets by name.</summary>
    public DatasetCatalog Datasets { get; }

    /// <summary>Adapters to start from.</summary>
    public AdapterCatalog Adapters { get; }

    /// <summary>Checks specifications.</summary>
    public SpecValidator Validator { get; }

    /// <summary>Loads runs.</summary>
    public RunPreparation Preparation() => new(Models, Datasets, Adapters, Configuration.SvdCache);

    /// <summary>Estimates runs' memory.</summary>
    public RunMemory Memory() => new(Models, Datasets);

    /// <summary>Executes runs.</summary>
    public RunExecution Execution() => new(Validator, Preparation());
}
