namespace LoraLab.Training.Hub;

/// <summary>The files of a repository at one commit.</summary>
/// <param name="Commit">The commit of the revision. All files are downloaded from it, so that a moving branch cannot mix two
/// states.</param>
/// <param name="Files">All files.</param>
public sealed record HubListing(string Commit, IReadOnlyList<HubFile> Files);

/// <summary>A file in a repository.</summary>
/// <param name="Path">Path in the repository, separated by <c>/</c>.</param>
/// <param name="Size">Size, bytes; null: the hub does not tell.</param>
/// <param name="Sha256">SHA-256 of the content of a large (LFS) file; otherwise null.</param>
/// <param name="GitSha1">Git object id of a small file; otherwise null.</param>
public sealed record HubFile(string Path, long? Size, string? Sha256, string? GitSha1)
{
    /// <summary>Whether the content can be verified.</summary>
    public bool HasChecksum => Sha256 is not null || GitSha1 is not null;
}
