using LoraLab.Training.Data;
using LoraLab.Training.Tasks.Classification;

namespace LoraLab.Training.Tasks;

/// <summary>The tasks that the trainer knows, and the choice among them.</summary>
/// <param name="tasks">The tasks, the default first.</param>
public sealed class TaskRegistry(params IReadOnlyList<ITask> tasks)
{
    /// <summary>The tasks of the trainer.</summary>
    public static TaskRegistry Default { get; } = new(new ClassificationTask());

    /// <summary>All tasks, the default first.</summary>
    public IReadOnlyList<ITask> All => tasks;

    /// <summary>The task of a dataset that names none.</summary>
    public ITask DefaultTask => tasks[0];

    /// <summary>Returns the task of a dataset. A manifest cannot name one yet.</summary>
    public ITask Of(DatasetManifest manifest) => DefaultTask;
}
