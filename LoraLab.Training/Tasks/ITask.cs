using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks;

/// <summary>
/// A task: what a run trains a model to do. It reads the rows of a dataset (<see cref="Dataset"/>), selects those of a run
/// (<see cref="SelectedRows"/>), turns them into tokens and targets (<see cref="TaskData"/>) and evaluates a model on them
/// (<see cref="TaskEvaluation"/>). The engine treats all tasks alike.
/// </summary>
public interface ITask
{
    /// <summary>What server and pages know about the task.</summary>
    TaskDescriptor Descriptor { get; }

    /// <summary>Checks the fields of a specification that belong to the task, as far as this needs neither model nor rows.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="manifest">Manifest of its dataset; null: it cannot be read, which reading the rows reports.</param>
    /// <exception cref="RunFailure">A field is invalid.</exception>
    void Check(RunSpec spec, DatasetManifest? manifest);

    /// <summary>Reads both splits of a dataset.</summary>
    /// <param name="name">Name of the dataset, for messages.</param>
    /// <param name="folder">Folder of its files.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <exception cref="RunFailure">A file, a column or a row cannot be used; field <c>dataset</c>.</exception>
    Dataset Read(string name, string folder, DatasetManifest manifest);
}
