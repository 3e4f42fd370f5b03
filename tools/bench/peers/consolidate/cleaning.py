"""What every peer cleans by: the fields of a record, and the texts that stand for a missing value, column by column."""

FIELDS = {
    "pin": [
        "index", "unique_id", "title", "description", "poster_name", "follower_count", "tag_list", "is_image_or_video",
        "image_src", "downloaded", "save_location", "category",
    ],
    "geo": ["ind", "timestamp", "latitude", "longitude", "country"],
    "user": ["ind", "first_name", "last_name", "age", "date_joined"],
}

PLACEHOLDERS = {
    "title": ["No Title Data Available", "Untitled"],
    "description": ["No description available Story format", "No description available", "Untitled"],
    "poster_name": ["User Info Error"],
    "tag_list": ["N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e"],
    "image_src": ["Image src error."],
}
