using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Tasks.Completion;

namespace LoraLab.Training.Tasks;

/// <summary>The tasks that the trainer knows, and the choice among them.</summary>
/// <param name="tasks">The tasks, the default first.</param>
public sealed class TaskRegistry(params IReadOnlyList<ITask> tasks)
{
    /// <summary>The tasks of the trainer.</summary>
    public static TaskRegistry Default { get; } = new(new ClassificationTask(), new CompletionTask());

    /// <summary>All tasks, the default first.</summary>
    public IReadOnlyList<ITask> All => tasks;

    /// <summary>The task of a dataset that names none.</summary>
    public ITask DefaultTask => tasks[0];

    /// <summary>Returns the task that a manifest names.</summary>
    /// <exception cref="RunFailure">There is no such task; field <c>dataset</c>.</exception>
    public ITask Of(DatasetManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return tasks.FirstOrDefault(task => task.Descriptor.Id == manifest.Task) ?? throw RunFailure.BadData(
            $"{DatasetManifest.FileName}: there is no task '{Excerpt.Of(manifest.Task)}'; choose from "
                + $"{string.Join(", ", tasks.Select(task => task.Descriptor.Id))}.",
            "dataset");
    }
}
