namespace LoraLab.Training.Hub;

/// <summary>Where a download reports: the console, or the server that started it.</summary>
public interface IPullReport
{
    /// <summary>Downloads files one after the other and shows the progress.</summary>
    /// <param name="files">The files.</param>
    /// <param name="fetch">Downloads one; it calls back with the bytes of the file that have arrived.</param>
    Task DownloadAsync(IReadOnlyList<HubFile> files, Func<HubFile, Action<long>, Task> fetch);

    /// <summary>Something that a user should know.</summary>
    void Say(string line);

    /// <summary>The name can be used.</summary>
    /// <param name="name">Name of the model or dataset.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="commit">Commit of its revision; null: unknown.</param>
    /// <param name="revision">Branch, tag or commit that was requested; null: unknown.</param>
    void Done(string name, string folder, string? commit, string? revision);

    /// <summary>The download failed.</summary>
    /// <param name="message">Why, in one sentence.</param>
    void Failed(string message);

    /// <summary>The download was stopped; the next one continues it.</summary>
    /// <param name="name">The name as it was given.</param>
    void Stopped(string name);
}
